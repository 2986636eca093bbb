// The README as a reader of its commands sees it.
//
//   shellLines(text)     // ["npm install && npm run demo", "npx wowsim serve &", ...]

/** Every line of every ```sh block, in order. */
export function shellLines(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = ""]) => block.trimEnd().split("\n"));
}
