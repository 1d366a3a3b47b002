import { defineConfig } from "vitest/config";

export default defineConfig({
  // Relative, so that the page also works below a path base.
  base: "./",
  build: {
    target: "es2022",
    assetsDir: "dashboard-assets",
    // The page's content security policy allows no inline anything, data URLs included.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": { target: "http://localhost:5080", ws: true },
      "/dev": { target: "http://localhost:5080" },
    },
  },
  // Time is fake in the tests; the real one only tells a busy machine from a test that hangs.
  test: { include: ["test/**/*.test.ts"], testTimeout: 30_000, hookTimeout: 30_000 },
});
