/** What stands where a secret stood, in every field, text and dead letter. */
export const REMOVED = '[removed]'
