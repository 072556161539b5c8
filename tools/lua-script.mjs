/**
 * A Lua script of the house form, read from its file: what it is called, what it takes, what is sent to Redis.
 *
 * The file is the contract, so a file that does not keep to the form is refused with the line to mend:
 *
 *     --[[
 *       fill: one sentence that says what it does.        name of the file, then the sentence
 *
 *       The race that makes a script necessary.            free text
 *
 *       KEYS                                               left out when there are none
 *         entry    the cached value                        every bound name, with its meaning
 *
 *       ARGV
 *         token    what the entry must start with
 *         ttl_ms   how long the value is kept
 *
 *       REPLY                                              always there
 *         1   filled
 *         0   superseded, nothing was changed
 *     ]]
 *     local entry = KEYS[1]
 *     local token, ttl_ms = ARGV[1], tonumber(ARGV[2])     positions are used here and never again
 *
 * A `#!lua flags=…` line may stand before the header; it stays the first line of what is sent, as Redis wants it.
 */
import { createHash } from 'node:crypto';

/**
 * @typedef {object} LuaArg
 * @property {string} name in camel case, as TypeScript callers write it
 * @property {'number' | 'string | Buffer'} type `number` when the script reads it through `tonumber`
 *
 * @typedef {object} LuaScript
 * @property {string} name the file's name without its ending
 * @property {string} summary the header's sentence
 * @property {string[]} keys names of KEYS in camel case, in order
 * @property {LuaArg[]} args names and types of ARGV, in order
 * @property {string} text what is sent: the body under one short comment, without the header
 * @property {string} sha1 of `text`, as EVALSHA wants it
 *
 * @typedef {'KEYS' | 'ARGV'} Table
 * @typedef {{ lua: string, table: Table, position: number, isNumber: boolean }} Binding
 */

const FILE = /^(?<shebang>#!lua[^\n]*\n)?\s*--\[\[\n(?<header>.*?)\n\]\]\n(?<body>.*)$/s;
const TITLE = /^(?<name>[a-z][a-z0-9-]*): (?<summary>.*?[.?!])$/s;
const BINDING_LINE = /^local (?<names>[\w, ]+?) = (?<values>.*\b(?:KEYS|ARGV)\b.*)$/;
const BOUND_VALUE = /^(?:(?<table>KEYS|ARGV)\[(?<position>\d+)\]|tonumber\(ARGV\[(?<numeric>\d+)\]\))$/;
const SECTIONS = /** @type {const} */ (['KEYS', 'ARGV', 'REPLY']);

/**
 * Reads one script.
 *
 * @param {string} name the file's name without its ending
 * @param {string} source the file's text
 * @returns {LuaScript}
 * @throws {Error} when the file does not keep to the form; the message names the script and what to mend
 */
export function readLuaScript(name, source) {
  const file = FILE.exec(source)?.groups;
  if (!file) throw fault(name, 'it must start with a "--[[" header that ends in a line of its own, "]]"');
  const { shebang = '', header = '', body = '' } = file;

  const documented = readHeader(name, header);
  const { bindings, rest } = readBindings(name, body);
  requireNoPositions(name, rest);

  const keys = inOrder(name, 'KEYS', bindings, documented.KEYS);
  const args = inOrder(name, 'ARGV', bindings, documented.ARGV);
  requireDistinct(name, [...keys, ...args]);

  const text = `${shebang}-- keyslot:${name}\n${body.trim()}\n`;
  return {
    name,
    summary: documented.summary,
    keys: keys.map(({ lua }) => camelCase(lua)),
    args: args.map(({ lua, isNumber }) => ({
      name: camelCase(lua),
      type: isNumber ? 'number' : 'string | Buffer',
    })),
    text,
    sha1: createHash('sha1').update(text).digest('hex'),
  };
}

/**
 * @param {string} text in kebab or snake case
 * @returns {string}
 */
export function camelCase(text) {
  return text.replace(/[-_](\w)/g, (_, /** @type {string} */ letter) => letter.toUpperCase());
}

/**
 * @param {string} name
 * @param {string} header
 * @returns {{ summary: string, KEYS: string[], ARGV: string[] }} the sentence and the documented names
 */
function readHeader(name, header) {
  const lines = header.split('\n').map((line) => line.trimEnd());
  const paragraphEnd = lines.indexOf('');
  const title = TITLE.exec(
    lines
      .slice(0, paragraphEnd < 0 ? undefined : paragraphEnd)
      .map((line) => line.trim())
      .join(' '),
  )?.groups;
  if (!title)
    throw fault(name, `the header must begin with "${name}: " and one sentence that ends in a full stop`);
  if (title.name !== name)
    throw fault(name, `the header calls it "${title.name}"; header and file must agree`);

  /** @type {Record<typeof SECTIONS[number], string[]>} */
  const sections = { KEYS: [], ARGV: [], REPLY: [] };
  /** @type {typeof SECTIONS[number] | undefined} */
  let section;
  for (const line of lines) {
    const heading = SECTIONS.find((each) => line === `  ${each}`);
    if (heading) section = heading;
    else if (section && line !== '') sections[section].push(line);
  }
  if (sections.REPLY.length === 0)
    throw fault(name, 'the header must have a REPLY section that lists every reply');

  return {
    summary: title.summary ?? '',
    KEYS: documentedNames(name, 'KEYS', sections.KEYS),
    ARGV: documentedNames(name, 'ARGV', sections.ARGV),
  };
}

/**
 * @param {string} name
 * @param {Table} table
 * @param {string[]} lines
 * @returns {string[]}
 */
function documentedNames(name, table, lines) {
  return lines.flatMap((line) => {
    // A deeper indent continues the description above it.
    if (/^ {5,}\S/.test(line)) return [];
    const entry = /^ {4}(?<lua>[a-z]\w*)\s{2,}\S/.exec(line)?.groups;
    if (!entry)
      throw fault(
        name,
        `cannot read "${line.trim()}" under ${table}; write: four spaces, name, two spaces or more, meaning`,
      );
    return entry.lua ?? [];
  });
}

/**
 * Reads the binding lines at the head of the body.
 *
 * @param {string} name
 * @param {string} body
 * @returns {{ bindings: Binding[], rest: string }}
 */
function readBindings(name, body) {
  const lines = body.trim().split('\n');
  /** @type {Binding[]} */
  const bindings = [];
  let next = 0;

  for (; next < lines.length; next += 1) {
    const line = BINDING_LINE.exec(lines[next] ?? '')?.groups;
    if (!line) break;
    const names = (line.names ?? '').split(',').map((each) => each.trim());
    const values = (line.values ?? '').split(',').map((each) => each.trim());
    if (names.length !== values.length)
      throw fault(name, `"${lines[next]}" binds ${names.length} names to ${values.length} values`);
    names.forEach((lua, i) => bindings.push(toBinding(name, lua, values[i] ?? '')));
  }
  return { bindings, rest: lines.slice(next).join('\n') };
}

/**
 * @param {string} name
 * @param {string} lua
 * @param {string} value
 * @returns {Binding}
 */
function toBinding(name, lua, value) {
  const bound = BOUND_VALUE.exec(value)?.groups;
  if (!bound)
    throw fault(name, `"${lua}" is bound to "${value}"; allowed: KEYS[n], ARGV[n], tonumber(ARGV[n])`);
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(lua)) throw fault(name, `"${lua}" must be in snake_case`);
  return {
    lua,
    table: bound.table === 'KEYS' ? 'KEYS' : 'ARGV',
    position: Number(bound.position ?? bound.numeric),
    isNumber: bound.numeric !== undefined,
  };
}

/**
 * The bindings of one table in order, after checking that they start at 1, leave no gap and are the documented ones.
 *
 * @param {string} name
 * @param {Table} table
 * @param {Binding[]} all
 * @param {string[]} documented
 * @returns {Binding[]}
 */
function inOrder(name, table, all, documented) {
  const bindings = all.filter((each) => each.table === table);
  bindings.forEach((binding, i) => {
    if (binding.position !== i + 1) {
      throw fault(
        name,
        `"${binding.lua}" is bound to ${table}[${binding.position}], but ${table}[${i + 1}] comes next`,
      );
    }
    if (!documented.includes(binding.lua))
      throw fault(name, `the header does not describe "${binding.lua}" under ${table}`);
  });
  for (const lua of documented) {
    if (!bindings.some((each) => each.lua === lua))
      throw fault(name, `the header describes "${lua}" under ${table}, but it is never bound`);
  }
  return bindings;
}

/**
 * @param {string} name
 * @param {string} rest the body after its binding lines
 */
function requireNoPositions(name, rest) {
  rest.split('\n').forEach((line) => {
    const used = /\b(KEYS|ARGV)\b/.exec(line.replace(/--.*$/, ''))?.[1];
    if (used)
      throw fault(
        name,
        `"${line.trim()}" uses ${used} after the binding lines; bind it to a name at the top and use that`,
      );
  });
}

/**
 * @param {string} name
 * @param {Binding[]} bindings
 */
function requireDistinct(name, bindings) {
  const seen = new Set();
  for (const { lua } of bindings) {
    if (seen.has(lua)) throw fault(name, `"${lua}" is bound twice`);
    seen.add(lua);
  }
}

/**
 * @param {string} name
 * @param {string} what
 * @returns {Error}
 */
function fault(name, what) {
  return new Error(`${name}.lua: ${what}`);
}
