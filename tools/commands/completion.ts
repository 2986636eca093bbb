// wowsim completion: prints a script with which a shell completes this command, made from the tree of subcommands.

import { Argument } from "commander";
import type { Command } from "commander";
import { exitCodes } from "../ui/help.ts";

export function register(program: Command): void {
  program
    .command("completion")
    .description("Print the script with which a shell completes this command.")
    .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      [
        "",
        "Load it, for now or from the shell's start-up file:",
        "  bash: source <(wowsim completion bash)",
        "  zsh:  source <(wowsim completion zsh)       after compinit",
        "  fish: wowsim completion fish | source",
        exitCodes({ 0: "printed" }),
      ].join("\n"),
    )
    .action((shell: "bash" | "zsh" | "fish") => print(program, shell));
}

async function print(program: Command, shell: "bash" | "zsh" | "fish"): Promise<void> {
  const { completionsOf } = await import("../completion/model.ts");
  const places = completionsOf(program);
  process.stdout.write(await scriptFor[shell](places));
}

type Places = ReturnType<typeof import("../completion/model.ts").completionsOf>;

const scriptFor = {
  bash: async (places: Places) => (await import("../completion/bash.ts")).bashCompletion(places),
  zsh: async (places: Places) => (await import("../completion/zsh.ts")).zshCompletion(places),
  fish: async (places: Places) => (await import("../completion/fish.ts")).fishCompletion(places),
};
