// Notes typed at a door before the knock is recorded; they go with it.

const notes = new Map();

/** The note typed for the next knock at a door; empty where there is none. */
export const noteOf = id => notes.get(id) ?? '';

/** Keeps it until then. */
export const setNote = (id, text) => { notes.set(id, text); };
