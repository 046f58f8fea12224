/** On what was measured, in words. */

/** The processor, the system, the disk and the versions; nothing that names the machine. */
export async function machineText(): Promise<string> {
  const { cores, model } = await processor();
  const memory = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  const versions = await Promise.all([
    first(["postconf", "-h", "mail_version"]).then((version) => version && `Postfix ${version}`),
    first(["dovecot", "--version"]).then((version) => version && `Dovecot ${version}`),
  ]);
  const disk = await first(["stat", "-f", "-c", "%T", Deno.env.get("TMPDIR") ?? "/tmp"]);
  const ours = Deno.env.get("SMTPD") ? "the compiled smtpd" : "smtpd from source";
  const parts = [
    `${cores} cores (${model}), ${memory} GiB, Linux ${Deno.osRelease()}`,
    `the data on ${disk ?? "an unknown file system"}`,
    `Deno ${Deno.version.deno} with ${ours}`,
    ...versions.filter((version) => version !== null && version !== ""),
    new Date().toISOString().slice(0, 10),
  ];
  return parts.join("; ");
}

async function processor(): Promise<{ readonly cores: number; readonly model: string }> {
  const text = await Deno.readTextFile("/proc/cpuinfo");
  const models = [...text.matchAll(/^model name\s*: (.*)$/gm)].map(([, model]) => model!);
  return { cores: models.length, model: models[0] ?? "an unknown processor" };
}

/** The first line that a program says; `null` where there is none. */
async function first([program, ...args]: readonly [string, ...string[]]): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return new TextDecoder().decode(stdout).split("\n")[0]!.trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
