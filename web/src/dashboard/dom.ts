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

/** Makes a part of a drawing. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K, attributes: Record<string, string | number | undefined> = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  const element = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter(child => child !== undefined));
  return element;
}

/** Changes a text only where it differs: what did not change is not laid out again, nor read out. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const iconPaths = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M7 7l10 10M17 7L7 17",
  skip: "M6 7l6 5-6 5zM13 7l6 5-6 5z",
  hand: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12h8",
  mail: "M4 6h16v12H4zM4 7l8 6 8-6",
  dot: "M12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  chevron: "M8 10l4 4 4-4",
  pulse: "M3 13h4l3-7 4 13 3-6h4",
  search: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.5 15.5L20 20",
  up: "M12 19V6M6 11l6-6 6 6",
  copy: "M9 9h10v10H9zM15 9V5H5v10h4",
  offline: "M4 4l16 16M8.5 15.5a5 5 0 0 1 6-.6M5.5 12a9.500 9.500 0 0 1 4-2.300M18.500 12a9.500 9.500 0 0 0-4.500-2.400M12 19h.01",
  theme: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  bolt: "M13 3L5 14h6l-1 7 8-11h-6z",
  unplug: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
  drop: "M12 4s6 6.500 6 10.500a6 6 0 0 1-12 0C6 10.500 12 4 12 4z",
  deaf: "M5 9v6h4l5 4V5L9 9zM17 9l4 6M21 9l-4 6",
} as const;

export type IconName = keyof typeof iconPaths;

export function icon(name: IconName): SVGSVGElement {
  return svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" }, svg("path", { d: iconPaths[name] }));
}
