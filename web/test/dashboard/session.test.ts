import { afterEach, describe, expect, it, vi } from "vitest";
import { AccessTokenUnavailableError } from "../../src/client";
import { signInForDevelopment, signInWithToken, SignInFormNeeded } from "../../src/dashboard/session";
import { jwt } from "../support/jwt";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("development sign-in", () => {
  const answerWith = (status: number) => {
    let issued = 0;
    const fetch = vi.fn(async (_url: URL, _init: RequestInit) => status === 200
      ? Response.json({ accessToken: jwt({ sub: "zoe", n: ++issued }), expiresAt: new Date(Date.now() + 60_000).toISOString() })
      : new Response(null, { status }));
    vi.stubGlobal("fetch", fetch);
    return fetch;
  };

  it("asks for a token of the wanted user, and keeps it for most of its life", async () => {
    vi.useFakeTimers();
    const fetch = answerWith(200);
    const session = await signInForDevelopment("https://host/base/", "zoe");
    expect(session.userId).toBe("zoe");
    expect(String(fetch.mock.calls[0]![0])).toBe("https://host/base/dev/tokens");
    expect(fetch.mock.calls[0]![1].body).toBe('{"userId":"zoe"}');
    const first = await session.tokens("connect");
    vi.advanceTimersByTime(40_000);
    expect(await session.tokens("request")).toBe(first);
    vi.advanceTimersByTime(10_000);
    expect(await session.tokens("request")).not.toBe(first);
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it("gets a new token after a rejection and for a renewal", async () => {
    const fetch = answerWith(200);
    const session = await signInForDevelopment("https://host/", "zoe");
    await session.tokens("rejected");
    await session.tokens("renew");
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  it("tells a server without it from one that does not answer", async () => {
    answerWith(404);
    await expect(signInForDevelopment("https://host/", "zoe")).rejects.toBeInstanceOf(SignInFormNeeded);
    answerWith(503);
    await expect(signInForDevelopment("https://host/", "zoe")).rejects.not.toBeInstanceOf(SignInFormNeeded);
  });
});

describe("sign-in with a token", () => {
  it("takes the user from the token, and gives up when it is rejected", async () => {
    const token = jwt({ sub: "user_42" });
    const session = signInWithToken(token)!;
    expect(session.userId).toBe("user_42");
    expect(await session.tokens("connect")).toBe(token);
    await expect(session.tokens("rejected")).rejects.toBeInstanceOf(AccessTokenUnavailableError);
  });

  it.each(["", "hello", jwt({ exp: 5 })])("refuses %j", text => {
    expect(signInWithToken(text)).toBeUndefined();
  });
});
