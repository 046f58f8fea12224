/** How many deliveries are under way at once, and for whom. */
import assert from "$assert";
import { createPlaces, type Place, type Places, type Standing } from "../lib/queue/places.ts";

/** Takes places at hops of their own, as long as there are some, at most 1000. */
function takeAll(places: Places, standing: Standing, name: string, then: (place: Place) => void) {
  const taken: Place[] = [];
  for (let at = 0; at < 1000; at++) {
    const place = places.take(`${name}${at}`, standing, 20);
    if (place === null) break;
    taken.push(place);
    then(place);
  }
  return taken;
}

Deno.test("there are fifty places, and one that is left is free again", () => {
  const places = createPlaces();
  const taken = takeAll(places, "known", "h", () => {});
  assert.equal(taken.length, 50);
  assert.equal(places.isFull(), true);
  taken[0]!.leave();
  taken[0]!.leave();
  assert.deepEqual([places.of("h0"), places.of("h1"), places.ways()], [0, 1, 49]);
  assert.notEqual(places.take("h0", "known", 20), null);
  assert.equal(places.take("other", "known", 20), null);
});

Deno.test("a hop has as many places as it may have", () => {
  const places = createPlaces();
  const first = places.take("a.com", "known", 2);
  places.take("a.com", "known", 2);
  assert.equal(places.take("a.com", "known", 2), null);
  assert.equal(places.of("a.com"), 2);
  first!.leave();
  assert.notEqual(places.take("a.com", "known", 2), null);
});

Deno.test("who waits for a slow hop gives its place to others, up to two hundred in all", () => {
  const places = createPlaces();
  const taken = takeAll(places, "known", "h", (place) => place.slow());
  assert.equal(taken.length, 200);
  for (const place of taken.slice(0, 60)) place.quick();
  assert.equal(places.isFull(), true, "those that go on count again");
  for (const place of taken) place.leave();
  assert.equal(places.ways(), 0);
  assert.equal(takeAll(places, "known", "h", () => {}).length, 50);
});

Deno.test("a hundred and fifty strangers that do not answer leave room for known hops", () => {
  const places = createPlaces();
  assert.equal(takeAll(places, "stranger", "s", (place) => place.slow()).length, 150);
  assert.equal(places.take("known.com", "stranger", 20), null);
  assert.notEqual(places.take("known.com", "known", 20), null);
});

Deno.test("twenty hops that are down are probed at once", () => {
  const places = createPlaces();
  assert.equal(takeAll(places, "down", "d", () => {}).length, 20);
  assert.equal(places.isFull(), false);
});
