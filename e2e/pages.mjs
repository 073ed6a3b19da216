// The service looks for duplicates after it has taken the records: waits until there are pairs and their number stands.
async function linked(page, url) {
  let last = 0;
  for (let i = 0; i < 60; i += 1) {
    await page.goto(`${url}/review`);
    const pairs = (await page.locator('.plainchip b').allTextContents()).reduce((sum, n) => sum + Number(n), 0);
    const waiting = await page.locator('.queue a').count();
    if (waiting > 0 && pairs === last) return;
    last = pairs;
    await page.waitForTimeout(2_000);
  }
  throw new Error('no pair to judge');
}

// Addresses of every page, with the ids that the survey happens to have.
export async function addresses(page, url) {
  await page.goto(`${url}/areas`);
  const area = await page.locator('tbody tr').last().locator('a').getAttribute('href');
  await page.goto(url + area);
  const building = await page.locator('.plan a').first().getAttribute('href');
  await page.goto(url + building);
  const door = await page.locator('.door.k-again').first().getAttribute('href');
  await linked(page, url);
  const pair = await page.locator('.queue a').last().getAttribute('href');
  const id = new URLSearchParams(door.slice(1).split('#')[0]).get('door');
  return {
    area, building, pair, case: `/cases/${id}`,
    all: ['/', area, '/areas', building, `${building}?door=${id}`, `${building}?state=refused`, '/people', `/cases/${id}`, `/cases/${id}/form`, '/audit', '/doors', '/doors?state=refused', '/returns', '/assign', '/review', pair,
      '/review?state=merged', '/review?state=apart', '/held', '/devices', '/pace', '/model', '/print/sheet?enumerator=e01',
      '/print/sheet', '/print/managers', '/exports', '/forms', '/forms/door/versions/2026113001', '/forms/census_short/answers', '/about', '/phone/', '/card', '/no-such-page', '/setup'],
  };
}

/** The status that a supervisor gets for an address. */
export const statusOf = path => (path === '/no-such-page' ? 404 : ['/setup', '/audit'].includes(path) ? 403 : 200);
