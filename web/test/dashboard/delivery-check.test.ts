import { expect, it } from "vitest";
import { DeliveryCheck } from "../../src/dashboard/delivery-check";

it("counts what was passed over, and what came twice or too early", () => {
  const check = new DeliveryCheck();
  check.begin("k.4");
  for (const position of ["k.5", "k.6", "k.9", "k.9", "k.10", "z.1", "z.2", "nonsense"]) check.see(position);
  expect([check.lost, check.wrong]).toEqual([2, 1]);
});

it("begins with whatever comes first", () => {
  const check = new DeliveryCheck();
  check.see("k.40");
  expect([check.lost, check.wrong]).toEqual([0, 0]);
});
