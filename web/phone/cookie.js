// Language and theme are kept in the same cookies as on the supervisors' pages.

/** The value of a cookie, or undefined. */
export function cookie(name) {
  return document.cookie.split('; ').find(pair => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Keeps a choice for a year. */
export function keep(name, value) {
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax`;
}
