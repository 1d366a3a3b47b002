import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AccessTokenUnavailableError, UserChangedError, type TokenPurpose } from "../../src/client";
import { ClientUnderTest, pass, useFakeTime } from "../support/client-under-test";
import { jwt } from "../support/jwt";

beforeEach(useFakeTime);
let t: ClientUnderTest;
afterEach(async () => {
  await t.client.stop();
  vi.useRealTimers();
});

describe("token renewal", () => {
  const tokenFor = (seconds: number) => jwt({ sub: "demo", exp: Date.now() / 1_000 + seconds });

  it("happens in band between 75 and 95 % of the remaining life, again and again", async () => {
    const purposes: TokenPurpose[] = [];
    t = new ClientUnderTest({ random: () => 0, accessTokenProvider: async p => { purposes.push(p); return tokenFor(100); } });
    t.server.renewalSeconds = 40;
    await t.live();
    await pass(74_999);
    expect(t.server.renewedWith).toHaveLength(0);
    await pass(1);
    expect(t.server.renewedWith).toHaveLength(1);
    await pass(30_000);
    expect(t.server.renewedWith).toHaveLength(2);
    expect(purposes.filter(p => p === "renew")).toHaveLength(2);
    expect(t.server.links).toHaveLength(1);
  });

  it("comes in time for a token that lives for seconds", async () => {
    t = new ClientUnderTest({ random: () => 1, accessTokenProvider: async () => tokenFor(3) });
    t.server.renewalSeconds = 3;
    await t.live();
    for (let i = 1; i <= 20; i++) {
      await pass(2_850);
      expect(t.server.renewedWith).toHaveLength(i);
    }
    expect(t.server.links).toHaveLength(1);
  });

  it("goes by the life the token was made with when the clock is slow", async () => {
    const iat = Date.now() / 1_000 + 3_600;
    let made = 0;
    t = await new ClientUnderTest({ random: () => 0, accessTokenProvider: async () => jwt({ sub: "demo", iat, exp: iat + 60 + made++ }) }).live();
    await pass(44_999);
    expect(t.server.renewedWith).toHaveLength(0);
    await pass(1);
    expect(t.server.renewedWith).toHaveLength(1);
  });

  it("does not insist when a caching provider gives the same token again", async () => {
    const cached = tokenFor(60);
    const asked: number[] = [];
    const begin = Date.now();
    t = await new ClientUnderTest({
      random: () => 0,
      accessTokenProvider: async purpose => {
        if (purpose === "renew") asked.push(Date.now() - begin);
        return Date.now() - begin < 60_000 ? cached : tokenFor(60);
      },
    }).live();
    await pass(65_000);
    expect(asked).toEqual([45_000, 56_250, 61_250]);
    expect(t.server.renewedWith).toHaveLength(1);
    expect(t.server.links).toHaveLength(1);
  });

  it("tries again after 2 to 5 s when it fails, with another token when the server says that this one is bad", async () => {
    const purposes: TokenPurpose[] = [];
    t = await new ClientUnderTest({ random: () => 0, accessTokenProvider: async p => { purposes.push(p); return tokenFor(60); } }).live();
    t.server.renewalError = "HubException: authority_unavailable";
    await pass(45_000);
    t.server.renewalError = "HubException: invalid_token";
    await pass(2_000);
    t.server.renewalError = undefined;
    await pass(2_000);
    expect(purposes.slice(-3)).toEqual(["renew", "renew", "rejected"]);
    expect(t.server.renewedWith).toHaveLength(3);
    await pass(44_999);
    expect(t.server.renewedWith).toHaveLength(3);
    await pass(1);
    expect(t.server.renewedWith).toHaveLength(4);
  });

  it("does not wait for a provider that hangs", async () => {
    let isHanging = false;
    t = await new ClientUnderTest({ random: () => 0, accessTokenProvider: () => (isHanging ? new Promise<string>(() => {}) : Promise.resolve(tokenFor(60))) }).live();
    isHanging = true;
    await pass(45_000);
    isHanging = false;
    await pass(12_000);
    expect(t.server.renewedWith).toHaveLength(1);
  });

  it("leaves a provider alone that has no token to give", async () => {
    let asked = 0;
    t = await new ClientUnderTest({
      random: () => 0,
      accessTokenProvider: async purpose => {
        if (purpose !== "renew") return tokenFor(60);
        asked++;
        throw new AccessTokenUnavailableError("signed out");
      },
    }).live();
    await pass(60_000);
    expect(asked).toBe(1);
    expect(t.client.state.name).toBe("live");
  });

  it("stops the client when the token has become another user's", async () => {
    t = await new ClientUnderTest({ random: () => 0, accessTokenProvider: async () => tokenFor(60) }).live();
    t.server.renewalError = "An unexpected error occurred invoking 'RenewToken' on the server. HubException: user_changed";
    await pass(45_000);
    expect(t.client.state).toMatchObject({ name: "stopped", reason: "wrongUser", error: expect.any(UserChangedError) as unknown });
    await pass(120_000);
    expect(t.server.links).toHaveLength(1);
  });

  it("ends with its connection", async () => {
    t = await new ClientUnderTest({ accessTokenProvider: async () => tokenFor(100) }).live();
    t.server.refuseHandshake = true;
    t.server.link.drop();
    await pass(100_000);
    expect(t.server.renewedWith).toHaveLength(0);
  });
});
