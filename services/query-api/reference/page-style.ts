/** Style of the reference page: system fonts, light and dark, readable on a phone, nothing loaded from elsewhere. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--bg:#fbfbfa;--panel:#fff;--ink:#1d2126;--dim:#5c6570;--line:#e1e3e6;--code:#f3f4f5;--link:#0b5cad;
--get:#0b6e4f;--post:#8a4b08;--key:#0b5cad;--str:#0b6e4f;--num:#8a4b08;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--panel:#1b1f23;--ink:#e4e7ea;--dim:#9aa4ae;--line:#2d333a;--code:#22272c;--link:#79b8ff;
--get:#5fd0a5;--post:#f0b35e;--key:#79b8ff;--str:#7fd1ae;--num:#f0b35e}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.layout{display:grid;grid-template-columns:16rem minmax(0,1fr);max-width:78rem;margin:0 auto}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:2rem 1rem 2rem 1.5rem;border-right:1px solid var(--line);font-size:.875rem}
nav .brand{font-weight:700;font-size:1.125rem;color:var(--ink)}
nav .version{color:var(--dim);font-weight:400;font-size:.8125rem;margin-left:.35rem}
nav h2{margin:1.4rem 0 .3rem;font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;color:var(--dim)}
nav ul{list-style:none;margin:0;padding:0}nav li a{display:block;padding:.16rem 0;color:var(--ink);overflow-wrap:anywhere}
main{padding:2rem 2.5rem 6rem;min-width:0}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .6rem;letter-spacing:-.01em}
.lead{font-size:1.0625rem;color:var(--dim);max-width:46rem;margin:0 0 1.2rem}
.tag{margin:3rem 0 0;padding-top:1.5rem;border-top:1px solid var(--line)}
.tag>h2{font-size:1.35rem;margin:0}.tag>p{margin:.2rem 0 1rem;color:var(--dim)}
.operation{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:1.25rem 1.4rem;margin:1.1rem 0}
.operation h3{margin:0 0 .5rem;font-size:1.0625rem}
.route{display:flex;gap:.65rem;align-items:baseline;flex-wrap:wrap;font-family:var(--mono);font-size:.9375rem;overflow-wrap:anywhere}
.method{font-weight:700;font-size:.8125rem;color:var(--get)}.method.post{color:var(--post)}
.operation p{margin:.5rem 0;max-width:50rem}
h4{margin:1.3rem 0 .4rem;font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;color:var(--dim)}h4 a{text-transform:none;letter-spacing:0}
code{font-family:var(--mono);font-size:.875em;background:var(--code);border-radius:4px;padding:.08em .3em;overflow-wrap:anywhere}
pre{margin:.3rem 0 0;background:var(--code);border-radius:8px;padding:.8rem 1rem;overflow:auto;font:.8125rem/1.55 var(--mono);max-height:24rem;white-space:pre-wrap;overflow-wrap:anywhere}
pre.call{user-select:all}
.sample{margin:.7rem 0}.sample .caption{display:flex;justify-content:space-between;align-items:baseline;gap:1rem;font-size:.875rem;color:var(--dim)}
.sample button{font:inherit;color:var(--link);background:none;border:0;padding:0;cursor:pointer}
.sample .actions{display:flex;gap:.9rem;white-space:nowrap}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.875rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line)}
th{color:var(--dim);font-weight:600}tr:last-child td{border-bottom:0}
td:first-child{white-space:nowrap}td .type{color:var(--dim);overflow-wrap:anywhere}
td.name code,td.status code{background:none;padding:0;font-weight:600}
details{margin:.8rem 0 0}summary{cursor:pointer;color:var(--link);font-size:.9375rem}
.key{color:var(--key)}.str{color:var(--str)}.num{color:var(--num)}
@media (max-width:52rem){.layout{display:block}nav{position:static;height:auto;border-right:0;border-bottom:1px solid var(--line);padding:1.2rem}
nav ul{display:flex;flex-wrap:wrap;gap:.1rem 1rem}nav h2{margin-top:.8rem}main{padding:1.4rem 1.2rem 4rem}.operation{padding:1rem}}
@media print{nav,.sample .actions{display:none}.layout{display:block}.operation{break-inside:avoid}pre{max-height:none}}
`

/** Adds a copy button to every call; the page says the same without it. */
export const PAGE_SCRIPT = `
for (const sample of document.querySelectorAll('.sample')) {
  if (!navigator.clipboard) break
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = 'Copy'
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(sample.querySelector('pre').textContent)
    button.textContent = 'Copied'
    setTimeout(() => { button.textContent = 'Copy' }, 1500)
  })
  sample.querySelector('.actions').append(button)
}
`
