// Whoever changes what is shown asks for a draw; `app.js` says how that is done.

let work = () => {};

/** Says how the page is drawn. */
export function setDraw(how) { work = how; }

/** Draws the page before the next frame. */
export const draw = () => work();
