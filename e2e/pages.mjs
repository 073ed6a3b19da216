// Addresses of every page, with the ids that the survey happens to have.
export async function addresses(page, url) {
  await page.goto(`${url}/areas`);
  const area = await page.locator('tbody tr').last().locator('a').getAttribute('href');
  await page.goto(url + area);
  const building = await page.locator('.plan a').first().getAttribute('href');
  await page.goto(url + building);
  const door = await page.locator('.door.k-again').first().getAttribute('href');
  const id = new URLSearchParams(door.slice(1).split('#')[0]).get('door');
  return {
    area, building, case: `/cases/${id}`,
    all: ['/', area, '/areas', building, `${building}?door=${id}`, `/cases/${id}`, '/doors', '/doors?state=refused', '/returns', '/assign', '/review',
      '/review?state=apart', '/held', '/devices', '/pace', '/print/sheet?enumerator=e01', '/exports', '/about', '/phone/', '/no-such-page'],
  };
}
