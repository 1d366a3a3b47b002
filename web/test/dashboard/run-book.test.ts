import { describe, expect, it } from "vitest";
import { lengthOf, RunBook } from "../../src/dashboard/run-book";
import { step } from "../support/events";

const run = (book: RunBook, id: string) => book.run(`a ${id}`)!;

describe("run book", () => {
  it("knows how far a run has come, in whatever order its steps are noted", () => {
    const book = new RunBook();
    book.note(step(3, "r1", { stepIndex: 2, status: "failed" }));
    book.note(step(1, "r1", { stepIndex: 0 }));
    expect([lengthOf(run(book, "r1")), run(book, "r1").steps.size, run(book, "r1").failed, run(book, "r1").durationMs]).toEqual([3, 2, 1, 10]);
  });

  it("counts a step that was tried again by its newest try", () => {
    const book = new RunBook();
    book.note(step(2, "r1"));
    book.note(step(1, "r1", { status: "failed" }));
    expect(run(book, "r1").steps.get(0)?.status).toBe("succeeded");
    expect(run(book, "r1").failed).toBe(1);
  });

  it("expects as many steps as the longest earlier run of the agent had", () => {
    const book = new RunBook();
    for (let i = 0; i < 5; i++) book.note(step(i + 1, "r1", { stepIndex: i }));
    book.note(step(9, "r2", { stepIndex: 0 }));
    expect(book.expectedSteps(run(book, "r2"))).toBe(5);
    expect(book.expectedSteps(run(book, "r1"))).toBeUndefined();
  });

  it("offers agents by their newest name, and types", () => {
    const book = new RunBook();
    book.note(step(2, "r1", { agentName: "New" }));
    book.note(step(1, "r1", { agentName: "Old" }));
    book.note({ ...step(3), type: "orders.placed" });
    expect([...book.agents]).toEqual([["a", "New"]]);
    expect([...book.types]).toEqual(["agent.step_completed", "orders.placed"]);
  });

  it("survives data that is not what its type promises", () => {
    const book = new RunBook();
    for (const data of [null, 42, [], {}, { runId: "x", stepIndex: "one", status: "__proto__", durationMs: "long" }]) book.note({ ...step(1), data });
    expect(lengthOf(book.run("undefined x")!)).toBe(1);
  });
});
