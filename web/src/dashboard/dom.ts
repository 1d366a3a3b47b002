type Child = Node | string | undefined;

/**
 * Makes an element. Text goes in as text nodes and attributes are names that this code chose,
 * so nothing an event carries can become markup.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Record<string, string | undefined> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child !== undefined));
  return element;
}

const svgNamespace = "http://www.w3.org/2000/svg";

const iconPaths = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M7 7l10 10M17 7L7 17",
  skip: "M6 7l6 5-6 5zM13 7l6 5-6 5z",
  hand: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12h8",
  mail: "M4 6h16v12H4zM4 7l8 6 8-6",
  dot: "M12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  chevron: "M8 10l4 4 4-4",
  pulse: "M3 13h4l3-7 4 13 3-6h4",
} as const;

export type IconName = keyof typeof iconPaths;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(svgNamespace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(svgNamespace, "path");
  path.setAttribute("d", iconPaths[name]);
  svg.append(path);
  return svg;
}
