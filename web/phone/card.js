// The number on a card that is left at a door: seven digits, the last a check digit (ISO 7064, MOD 11,10).

/** Whether the check digit fits. */
function isRight(number) {
  let p = 10;
  for (const digit of number.slice(0, -1)) {
    const s = (Number(digit) + p) % 10 || 10;
    p = (s * 2) % 11;
  }
  return (p + Number(number.at(-1))) % 10 === 1;
}

/** The key of what is wrong with a card's number, or null. */
export function cardProblem(number) {
  if (!/^[0-9]{7}$/.test(number)) return 'phone.card_short';
  return isRight(number) ? null : 'phone.card_wrong';
}
