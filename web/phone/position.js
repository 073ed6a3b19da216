// Where the phone is, if it may be asked: never waited for.

/** The position as a visit carries it, or null. Resolves within 25 seconds. */
export function locate() {
  if (!globalThis.isSecureContext || !navigator.geolocation) return Promise.resolve(null);
  return new Promise(resolve => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lon: coords.longitude, lat: coords.latitude, accuracy_m: Math.round(coords.accuracy), datum: 'wgs84' }),
      () => resolve(null),
      { enableHighAccuracy: true, timeout: 20_000, maximumAge: 30_000 },
    );
  });
}
