/** Markdown as the checks need it: its fences, its links and the anchors that links may point to. */
import GithubSlugger from 'github-slugger';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { toString as textOf } from 'mdast-util-to-string';
import { parseSync } from 'oxc-parser';
import { visit } from 'unist-util-visit';

/**
 * @typedef {object} Fence
 * @property {string} info all that follows the opening backticks, like `ts run cluster`
 * @property {string} code
 * @property {number} line of the opening backticks in the file
 * @property {boolean} isClosed
 *
 * @typedef {object} Page
 * @property {Fence[]} fences
 * @property {{ url: string, line: number }[]} links inline links, images and definitions
 * @property {{ text: string, depth: number, line: number }[]} headings
 * @property {Set<string>} anchors as code hosts derive them from headings
 */

/**
 * @param {string} text
 * @param {number} [firstLine] where the text begins in its file
 * @returns {Page}
 */
export function readPage(text, firstLine = 1) {
  const slugger = new GithubSlugger();
  /** @type {Page} */
  const page = { fences: [], links: [], headings: [], anchors: new Set() };

  visit(fromMarkdown(text), (node) => {
    const line = (node.position?.start.line ?? 1) + firstLine - 1;
    if (node.type === 'heading') {
      const heading = textOf(node);
      page.headings.push({ text: heading, depth: node.depth, line });
      page.anchors.add(slugger.slug(heading));
    } else if (node.type === 'link' || node.type === 'image' || node.type === 'definition') {
      page.links.push({ url: node.url, line });
    } else if (node.type === 'code') {
      const source = text.slice(node.position?.start.offset, node.position?.end.offset);
      const mark = /^(`{3,}|~{3,})/.exec(source)?.[1];
      // Without a mark it is an indented block, which nobody runs.
      if (mark === undefined) return;
      const info = [node.lang, node.meta].filter(Boolean).join(' ');
      const isClosed = (source.split('\n').at(-1) ?? '').trim().startsWith(mark) && source.includes('\n');
      page.fences.push({ info, code: node.value, line, isClosed });
    }
  });
  return page;
}

/**
 * The pages that are written inside a module's doc comments.
 *
 * @param {string} file
 * @param {string} source
 * @returns {Page[]}
 */
export function readDocComments(file, source) {
  return parseSync(file, source)
    .comments.filter(({ type, value }) => type === 'Block' && value.startsWith('*'))
    .map(({ value, start }) => {
      const text = value.slice(1).replace(/^[ \t]*\* ?/gm, '');
      return readPage(text, source.slice(0, start).split('\n').length);
    });
}
