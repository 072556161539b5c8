/**
 * One example as a test. In a fence opened with `ts run` (or `ts run cluster`, where `cluster` is a running TestCluster):
 *
 *     toMs('5m', 'ttl'); // => 300_000                   equal in depth
 *     const k = placeById({ id: 1 }); // => …            the same of what was declared
 *     key('a{}b'); // => throws KEYS_EMPTY_HASH_TAG      throws, or rejects, with this code
 *
 * Whatever looks like such a claim but does not stand right behind a statement is refused: it would claim without
 * being checked.
 */
import { parseSync, Visitor } from 'oxc-parser';

const CLAIM = /^ => (?<value>\S.*)$/;
const LOOKS_LIKE_CLAIM = /^\s*(=+>|-+>|→|⇒)/;

/**
 * @typedef {{ local: string, imported: string, source: string, isType: boolean }} Binding `imported` is `*` for a namespace
 *
 * @typedef {object} Doctest
 * @property {string} origin file and line, the test's name
 * @property {boolean} usesCluster
 * @property {Binding[]} bindings
 * @property {string[]} sideEffects modules imported without a name
 * @property {string} body
 *
 * @typedef {{ start: number, end: number, text: string }} Edit
 */

/**
 * @param {import('./markdown.mjs').Fence} fence
 * @param {string} file
 * @returns {Doctest | undefined} nothing when the fence does not ask to be run
 * @throws {Error} when it does, and cannot be
 */
export function toDoctest({ info, code, line, isClosed }, file) {
  const origin = `${file}:${line}`;
  if (!/\brun\b/.test(info)) return undefined;
  if (info !== 'ts run' && info !== 'ts run cluster')
    throw new Error(`${origin}: got "${info}"; allowed: "ts run", "ts run cluster"`);
  if (!isClosed) throw new Error(`${origin}: the fence is never closed`);

  const { program, module, comments, errors } = parseSync('example.ts', code, { sourceType: 'module' });
  if (errors[0]) throw new Error(`${origin}: does not parse: ${errors[0].message}`);
  if (module.staticExports.length > 0)
    throw new Error(`${origin}: an example exports nothing; drop the "export"`);

  const statements = statementsOf(program);
  const claims = comments.flatMap((comment) => {
    const at = `${file}:${line + code.slice(0, comment.start).split('\n').length}`;
    return toEdit(comment, statements, code, at) ?? [];
  });
  const imports = module.staticImports.map(({ start, end }) => ({ start, end, text: '' }));

  return {
    origin,
    usesCluster: info.endsWith('cluster'),
    bindings: module.staticImports.flatMap(toBindings),
    sideEffects: module.staticImports.flatMap(({ entries, moduleRequest }) =>
      entries.length === 0 ? moduleRequest.value : [],
    ),
    body: apply(code, [...claims, ...imports]).trim(),
  };
}

/**
 * @typedef {import('oxc-parser').ExpressionStatement | import('oxc-parser').VariableDeclaration} Claimable
 *
 * @param {import('oxc-parser').Program} program
 * @returns {Claimable[]}
 */
function statementsOf(program) {
  /** @type {Claimable[]} */
  const found = [];
  const visitor = new Visitor({
    ExpressionStatement: (node) => {
      found.push(node);
    },
    VariableDeclaration: (node) => {
      found.push(node);
    },
  });
  visitor.visit(program);
  return found;
}

/**
 * @param {import('oxc-parser').Comment} comment
 * @param {Claimable[]} statements
 * @param {string} code
 * @param {string} at
 * @returns {Edit | undefined}
 */
function toEdit(comment, statements, code, at) {
  if (!LOOKS_LIKE_CLAIM.test(comment.value)) return undefined;
  const value = CLAIM.exec(comment.value)?.groups?.value;
  if (comment.type !== 'Line' || value === undefined)
    throw new Error(`${at}: asserts nothing; write "// => value"`);

  const statement = statements.find(
    ({ end }) => end <= comment.start && /^[ \t]*$/.test(code.slice(end, comment.start)),
  );
  if (!statement)
    throw new Error(`${at}: asserts nothing; "// => ${value}" must stand right behind a statement`);

  const thrown = /^throws (?<code>[A-Z][A-Z0-9_]+)$/.exec(value)?.groups?.code;
  if (thrown === undefined && parseSync('value.ts', `(${value});`).errors.length > 0) {
    throw new Error(`${at}: "${value}" is no expression; write "// => value" or "// => throws CODE"`);
  }
  if (statement.type === 'ExpressionStatement') {
    const { start, end } = statement.expression;
    const subject = code.slice(start, end);
    const text = thrown
      ? `await expect((async () => (${subject}))()).rejects.toMatchObject({ code: '${thrown}' });`
      : `expect(${subject}).toEqual(${value});`;
    return { start: statement.start, end: comment.end, text };
  }

  const [declared, ...others] = statement.declarations;
  if (thrown || others.length > 0 || declared?.id.type !== 'Identifier') {
    throw new Error(`${at}: asserts nothing; claim it of an expression or of one declared name`);
  }
  return { start: comment.start, end: comment.end, text: `expect(${declared.id.name}).toEqual(${value});` };
}

/**
 * @param {import('oxc-parser').StaticImport} statement
 * @returns {Binding[]}
 */
function toBindings({ entries, moduleRequest }) {
  return entries.map(({ importName, localName, isType }) => ({
    local: localName.value,
    imported:
      /** @type {string} */ (importName.kind) === 'NamespaceObject' ? '*' : (importName.name ?? 'default'),
    source: moduleRequest.value,
    isType,
  }));
}

/**
 * @param {string} code
 * @param {Edit[]} edits
 */
function apply(code, edits) {
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, edit) => `${text.slice(0, edit.start)}${edit.text}${text.slice(edit.end)}`, code);
}
