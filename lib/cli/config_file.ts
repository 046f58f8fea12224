/** The file behind `--config`: TOML with the names of the flags, `max-message-bytes = 1000000`. */
import { parseToml, type TomlValue } from "../toml.ts";
import { decode } from "../wire/bytes.ts";
import { EXIT, Failure } from "./fail.ts";
import { readFile } from "./files.ts";
import {
  isSetting,
  type SettingName,
  SETTINGS,
  type Settings,
  UNBUILT,
  withSetting,
} from "./settings.ts";

/**
 * Reads the file.
 * @throws {Failure} `noInput` when it cannot be read, `badConfiguration` when it makes no sense
 */
export async function readConfigFile(path: string): Promise<Settings> {
  return parseConfig(decode(await readFile(path)), path);
}

/**
 * Understands the file's text; `path` is for messages.
 * @throws {Failure} `badConfiguration`, naming the file and the key
 */
export function parseConfig(text: string, path: string): Settings {
  const fault = (message: string, cause?: unknown) =>
    new Failure(EXIT.badConfiguration, `${path}: ${message}`, { cause });
  let settings: Settings = {};
  for (const [key, value] of Object.entries(tableOf(text, fault))) {
    const unbuilt = Object.hasOwn(UNBUILT, key) ? UNBUILT[key] : undefined;
    if (unbuilt !== undefined) throw fault(`${key}: ${unbuilt}`);
    if (!isSetting(key)) throw fault(`there is no setting ${JSON.stringify(key)}`);
    for (const each of textsOf(key, value, fault)) {
      try {
        settings = withSetting(settings, key, each);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw fault(`${key}: ${error.message}`, error);
      }
    }
  }
  return settings;
}

type Fault = (message: string, cause?: unknown) => Failure;

function tableOf(text: string, fault: Fault) {
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw fault(error.message, error);
  }
}

/** The value as a flag would have it; a list where it may be given several times. */
function textsOf(name: SettingName, value: TomlValue, fault: Fault): readonly string[] {
  const { toml, repeatable } = SETTINGS[name];
  const values = repeatable && Array.isArray(value) ? value : [value];
  return values.map((each) => {
    const found: string = typeof each;
    if (found === toml) return String(each);
    throw fault(`${name}: it takes a ${toml}${repeatable ? ", or a list of them" : ""}`);
  });
}
