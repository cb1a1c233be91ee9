// Dram dev overlay: one custom element that says what is wrong with the app.
//
// It lives in a shadow root with a constructed stylesheet, so neither side's
// style reaches the other, and writes text only as text.
(() => {
  'use strict';
  if (window.dramOverlay) return;

  const STYLE = `
    :host { all: initial; }
    * { box-sizing: border-box; }
    .cover { position: fixed; inset: 0; z-index: 2147483647; overflow: auto; padding: 4vh 2vw;
      background: rgb(16 14 20 / .55); font: 15px/1.5 system-ui, sans-serif; color: #e9e4da; }
    .card { max-width: 62rem; margin: 0 auto; padding: 1.4rem 1.8rem 1.6rem; border-radius: 10px;
      background: #1d1a22; border-top: 4px solid #e5484d; box-shadow: 0 20px 60px rgb(0 0 0 / .5); }
    .kind { margin: 0; color: #ff9592; font-size: .85rem; letter-spacing: .06em; text-transform: uppercase; }
    h1 { margin: .2rem 0 1rem; font-size: 1.25rem; line-height: 1.4; font-weight: 600;
      white-space: pre-wrap; overflow-wrap: anywhere; }
    h2 { margin: 1.2rem 0 .4rem; font: 600 .95rem/1.4 ui-monospace, monospace; color: #f2c879; overflow-wrap: anywhere; }
    p { margin: 0 0 .5rem; white-space: pre-wrap; overflow-wrap: anywhere; }
    pre { margin: 0; padding: .7rem 0; overflow: auto; border-radius: 6px; background: #131118;
      font: 13px/1.55 ui-monospace, monospace; tab-size: 4; }
    pre.raw { padding: .7rem 1rem; max-height: 40vh; }
    .line { display: flex; padding: 0 1rem; white-space: pre; min-width: max-content; } /* so that tabs count from the text */
    .hit { background: rgb(229 72 77 / .22); }
    .number { flex: none; width: 3.2em; margin-right: 1.2em; text-align: right; color: #77717f; user-select: none; }
    .caret { color: #ff9592; }
    details { margin-top: 1.2rem; }
    summary { cursor: pointer; color: #b5aebd; }
    code { font: .9em ui-monospace, monospace; color: #b5aebd; overflow-wrap: anywhere; }
    footer { margin-top: 1.2rem; display: flex; gap: 1rem; justify-content: space-between; color: #8f8897; font-size: .85rem; }
    .dot { position: fixed; right: 10px; bottom: 10px; z-index: 2147483646; width: 12px; height: 12px; padding: 0;
      border: 0; border-radius: 50%; background: #46a758; opacity: .55; cursor: pointer; }
    .dot[data-phase=building] { background: #ffb224; opacity: 1; animation: beat 1s infinite alternate; }
    .dot[data-phase=failed], .dot[data-phase=crashed] { background: #e5484d; opacity: 1; }
    @keyframes beat { to { opacity: .3; } }
    @media (prefers-reduced-motion: reduce) { .dot { animation: none !important; } }
    .pill { position: fixed; left: 50%; bottom: 16px; transform: translateX(-50%); z-index: 2147483646; display: flex;
      gap: .8rem; align-items: center; padding: .5rem .6rem .5rem 1.1rem; border-radius: 99px; background: #1d1a22;
      color: #e9e4da; font: 14px system-ui, sans-serif; box-shadow: 0 6px 24px rgb(0 0 0 / .35); }
    .pill button { padding: .35rem .9rem; border: 0; border-radius: 99px; background: #f2c879; color: #1d1a22; font: inherit; cursor: pointer; }
    [hidden] { display: none !important; }
  `;
  const KINDS = { build: 'The build failed', start: 'The app did not start', crash: 'The app crashed' };
  const MARK = '✗ ';

  // make builds an element: make('p', {class: 'x'}, 'text', child …).
  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    element.append(...children.filter(child => child !== null && child !== undefined));
    return element;
  }

  class Overlay extends HTMLElement {
    constructor() {
      super();
      this.attachShadow({ mode: 'open' });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      this.shadowRoot.adoptedStyleSheets = [sheet];
      this.dot = make('button', { class: 'dot', type: 'button', title: 'dram dev', 'aria-label': 'dram dev: state of the app' });
      this.dot.addEventListener('click', () => this.cover && this.toggle(!this.cover.hidden));
      this.shadowRoot.append(this.dot);
      document.addEventListener('keydown', event => {
        if (event.key === 'Escape' && this.cover && !this.cover.hidden) this.toggle(true);
      });
    }

    toggle(hidden) {
      this.cover.hidden = hidden;
    }

    status(phase) {
      this.dot.dataset.phase = phase;
      this.dot.title = 'dram dev: ' + phase;
    }

    // show replaces what is shown; the same problem again leaves a cover
    // that the reader has hidden hidden.
    show(problem) {
      const key = JSON.stringify(problem);
      if (key === this.shown) return;
      this.clear();
      this.shown = key;
      this.cover = this.draw(problem);
      this.shadowRoot.append(this.cover);
      if (!document.title.startsWith(MARK)) document.title = MARK + document.title;
    }

    clear() {
      if (this.cover) this.cover.remove();
      this.cover = null;
      this.shown = '';
      if (document.title.startsWith(MARK)) document.title = document.title.slice(MARK.length);
    }

    offer(text, label, act) {
      if (this.pill) return;
      const button = make('button', { type: 'button' }, label);
      button.addEventListener('click', act);
      this.pill = make('div', { class: 'pill', role: 'status' }, text, button);
      this.shadowRoot.append(this.pill);
    }

    draw(problem) {
      const hide = make('span', {}, 'Esc hides this');
      const footer = make('footer', {}, problem.command ? make('code', {}, problem.command) : '', hide);
      const card = make('div', { class: 'card', role: 'alertdialog', 'aria-label': 'dram dev' },
        make('p', { class: 'kind' }, KINDS[problem.kind] || problem.kind),
        make('h1', {}, problem.message),
        problem.hint ? make('p', {}, problem.hint) : null,
        ...(problem.locations || []).flatMap(location => this.drawLocation(location, problem)),
        problem.output ? this.drawOutput(problem.output) : null,
        footer);
      return make('div', { class: 'cover' }, card);
    }

    drawLocation(location, problem) {
      const where = [location.file, location.line, location.col].filter(Boolean).join(':');
      const parts = [make('h2', {}, where)];
      if (location.message && location.message !== problem.message) parts.push(make('p', {}, location.message));
      if (location.frame) parts.push(this.drawFrame(location));
      return parts;
    }

    drawFrame({ frame, line, col }) {
      const block = make('pre', {});
      frame.lines.forEach((text, i) => {
        const number = frame.first + i;
        block.append(make('span', { class: number === line ? 'line hit' : 'line' },
          make('span', { class: 'number' }, String(number)), text || ' '));
        if (number !== line || !col) return;
        const indent = text.slice(0, col - 1).replace(/[^\t]/g, ' ');
        block.append(make('span', { class: 'line caret' }, make('span', { class: 'number' }, ' '), indent + '^'));
      });
      return block;
    }

    drawOutput(output) {
      return make('details', {}, make('summary', {}, 'Full output'), make('pre', { class: 'raw' }, output));
    }
  }

  customElements.define('dram-overlay', Overlay);
  window.dramOverlay = new Overlay();
  document.documentElement.append(window.dramOverlay);
})();
