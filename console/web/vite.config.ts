// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Four builds: the admins' console (hashed names, for the table of console/assets.h); with --mode mission the page of Mission Control
// (likewise, for mission/desk/assets.h); with --mode visit what the engineers'
// server-rendered pages load, and with --mode banner what the component's pages load on top, after it (stable names, for
// gateway/enforcer/assets.h). Nothing inline in any: the Content-Security-Policy of the first two forbids it, and a component's may.
import { defineConfig } from 'vite';

const stable = (name: string) => ({
  outDir: 'dist/visit',
  copyPublicDir: false,
  cssCodeSplit: false,
  rollupOptions: {
    input: `visit/${name}.ts`,
    output: { format: 'iife' as const, entryFileNames: `${name}.js`, assetFileNames: `${name}[extname]` },
  },
});

const mission = {
  outDir: 'dist/mission',
  rollupOptions: { input: 'mission.html' },
};

// A page is found as "/": its document is called index.html, wherever it was written.
const as_index = {
  name: 'as-index',
  enforce: 'post' as const,
  generateBundle(_options: unknown, bundle: Record<string, { fileName: string }>) {
    const page = bundle['mission.html'];
    if (page) page.fileName = 'index.html';
  },
};

export default defineConfig(({ mode }) => ({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  plugins: [as_index],
  build: {
    target: ['chrome100', 'firefox102', 'safari15.4'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    emptyOutDir: mode !== 'banner',
    ...(mode === 'visit' || mode === 'banner' ? stable(mode) : mode === 'mission' ? mission : { outDir: 'dist/console' }),
  },
}));
