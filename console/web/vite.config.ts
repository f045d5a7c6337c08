// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Two builds: the admins' console (hashed names, for the table of console/assets.h) and, with --mode visit, what the
// engineers' server-rendered pages load (stable names, for gateway/enforcer/assets.h). Nothing inline in either: the
// Content-Security-Policy of both forbids it.
import { defineConfig } from 'vite';

export default defineConfig(({ mode }) => ({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    target: ['chrome100', 'firefox102', 'safari15.4'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    emptyOutDir: true,
    ...(mode === 'visit'
      ? {
          outDir: 'dist/visit',
          copyPublicDir: false,
          cssCodeSplit: false,
          rollupOptions: {
            input: 'visit/visit.ts',
            output: { format: 'iife' as const, entryFileNames: 'visit.js', assetFileNames: 'visit[extname]' },
          },
        }
      : { outDir: 'dist/console' }),
  },
}));
