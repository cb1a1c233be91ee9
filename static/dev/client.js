// Dram dev client: keeps the page in step with the dev server.
//
// The server sends its whole state at every change and at every connect, so
// no message can be missed: a page compares what it was made from
// (data-version, data-styles on this script's tag) with what is current.
(() => {
  'use strict';

  const PREFIX = '/__dev/';
  const RETRY = 1000; // ms between two attempts to reach a dev server that is gone
  const script = document.currentScript;
  if (window.dramDev || isInnerFrame()) return;
  window.dramDev = true;

  const version = script.dataset.version;
  let styles = Number(script.dataset.styles);
  const isPost = script.dataset.method !== undefined;
  const scrollKey = 'dram:scroll:' + location.pathname + location.search;
  let source = null;
  let leaving = false;

  restoreScroll();
  watchVisibility();

  // A frame of the same site is reloaded with the page around it.
  function isInnerFrame() {
    try {
      return window.top !== window && window.top.location.origin === location.origin;
    } catch {
      return false;
    }
  }

  // Only a visible tab holds a connection: browsers allow six to one host.
  function watchVisibility() {
    const update = () => (document.visibilityState === 'hidden' ? disconnect() : connect());
    document.addEventListener('visibilitychange', update);
    window.addEventListener('pageshow', update);
    window.addEventListener('pagehide', disconnect);
    update();
  }

  function connect() {
    if (source) return;
    source = new EventSource(PREFIX + 'events');
    source.addEventListener('state', event => apply(JSON.parse(event.data)));
    source.onerror = () => {
      if (!source || source.readyState !== EventSource.CLOSED) return; // the browser tries again itself
      disconnect();
      setTimeout(() => document.visibilityState !== 'hidden' && connect(), RETRY);
    };
  }

  function disconnect() {
    if (source) source.close();
    source = null;
  }

  // apply brings the page into the state that the server describes.
  function apply(state) {
    if (leaving) return;
    const overlay = window.dramOverlay;
    overlay.status(state.phase);
    if (state.version !== version && state.phase !== 'building') {
      if (!isPost) return reload();
      overlay.offer('This page is the answer to a form.', 'Load it again', () => location.assign(location.href));
    }
    if (state.styles !== styles) {
      const missed = state.styles !== styles + 1;
      styles = state.styles;
      swapStyles(missed ? [] : state.changed || []);
    }
    if (state.problem) overlay.show(state.problem);
    else overlay.clear();
  }

  function reload() {
    leaving = true;
    disconnect();
    try {
      sessionStorage.setItem(scrollKey, JSON.stringify([scrollX, scrollY]));
    } catch { /* storage is off: the page starts at its top */ }
    location.reload();
  }

  function restoreScroll() {
    try {
      const saved = JSON.parse(sessionStorage.getItem(scrollKey));
      sessionStorage.removeItem(scrollKey);
      if (saved) window.scrollTo(saved[0], saved[1]);
    } catch { /* nothing was kept */ }
  }

  // swapStyles loads changed stylesheets beside the old ones and removes the
  // old ones afterwards, so that the page is never without style. An empty
  // list (changes were missed) means all of them; a stylesheet that no page
  // links (it is imported by another) also reloads all.
  function swapStyles(changed) {
    const links = [...document.querySelectorAll('link[rel~="stylesheet"][href]')].filter(
      link => !('noReload' in link.dataset) && new URL(link.href).origin === location.origin);
    const hit = links.filter(link => changed.some(name => plainPath(link.href).endsWith('/' + name)));
    for (const link of hit.length ? hit : links) swap(link);
  }

  function swap(link) {
    const url = new URL(link.href);
    url.pathname = plainPath(link.href);
    url.searchParams.set('dev', styles);
    const fresh = link.cloneNode();
    fresh.nonce = link.nonce;
    fresh.href = url.href;
    const done = () => link.remove();
    fresh.addEventListener('load', done);
    fresh.addEventListener('error', () => fresh.remove());
    link.after(fresh);
  }

  // plainPath is the address without the fingerprint, which names the old content.
  function plainPath(href) {
    return new URL(href).pathname.replace(/\.[0-9a-f]{12}(\.[a-z0-9]+)$/, '$1');
  }
})();
