#!/usr/bin/env bash
# Makes the passwords that docker-compose.yml hands to the containers as files, once: what is there stays as it is.
#
#   deploy/docker/make-secrets.sh [FOLDER]        default: secrets, beside docker-compose.yml
#
# The folder is open to its owner only. The files in it can be read by anyone who gets in: inside a container, where the folder does
# not exist, the service that was given one reads it as another user. The server gets digests, never a password.
set -euo pipefail
folder=${1:-"$(dirname "$0")/../../secrets"}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

make_password() {
  local file=$folder/$1
  [ -s "$file" ] || head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n' >"$file"
  chmod 444 "$file"
}
digest() { { sha256sum "$folder/$1" 2>/dev/null || shasum -a 256 "$folder/$1"; } | cut -d ' ' -f 1; } # macOS has the second

make_password clickhouse_writer_password
make_password clickhouse_reader_password
digests=$folder/clickhouse_passwords.xml
rm -f "$digests"
cat >"$digests" <<XML
<clickhouse>
    <users>
        <roamwatch_writer><password_sha256_hex>$(digest clickhouse_writer_password)</password_sha256_hex></roamwatch_writer>
        <analyst><password_sha256_hex>$(digest clickhouse_reader_password)</password_sha256_hex></analyst>
    </users>
</clickhouse>
XML
chmod 444 "$digests"
echo "secrets are in $folder"
