/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc_style.h - the style sheet of papers and its SHA-256, which the page's
 * own policy names, so that no other style can be slipped in.  A test fails
 * where the two differ and prints the right hash.  Contrast of ink on paper
 * is above 7:1 in light, dark and print.  Included by doc.c and its test.
 */
#ifndef HB_HTML_DOC_STYLE_H
#define HB_HTML_DOC_STYLE_H

#define HB_DOC_STYLE_HASH "sha256-Wgikw7CjAWRY31rUyqQ5pBprSbRFZC6/cAw97KrteoA="

#define HB_DOC_STYLE                                                           \
    "\n"                                                                       \
    ":root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;"                \
    "--line:#767676;--soft:#f2f2f2}\n"                                         \
    "@media (prefers-color-scheme:dark){:root{--ink:#f0f0f0;"                  \
    "--paper:#161616;--line:#8f8f8f;--soft:#262626}}\n"                        \
    "*{box-sizing:border-box}\n"                                               \
    "body{margin:0;background:var(--paper);color:var(--ink);\n"                \
    "font:1rem/1.7 \"Noto Sans CJK JP\",\"Noto Sans JP\","                     \
    "\"Hiragino Sans\",\"Yu Gothic\",\"Meiryo\",sans-serif}\n"                 \
    "main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem}\n"           \
    "h1{font-size:1.6rem;line-height:1.4;"                                     \
    "border-bottom:3px solid var(--line);padding-bottom:.4rem}\n"              \
    "h2{font-size:1.25rem;margin:2rem 0 .6rem;"                                \
    "border-bottom:1px solid var(--line)}\n"                                   \
    "h3{font-size:1.1rem;margin:1.5rem 0 .4rem}\n"                             \
    "h4{font-size:1rem;margin:1.2rem 0 .3rem}\n"                               \
    "p,dd,li,td,th,pre{overflow-wrap:anywhere}\n"                              \
    "dl{margin:0}\n"                                                           \
    "dl>div{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;"        \
    "gap:0 1rem;\n"                                                            \
    "border-bottom:1px solid var(--line);padding:.35rem 0}\n"                  \
    "dt{grid-column:1;font-weight:700}\n"                                      \
    "dd{grid-column:2;margin:0}\n"                                             \
    "table{border-collapse:collapse;width:100%;margin:.8rem 0}\n"              \
    "caption{text-align:start;font-weight:700;padding:.3rem 0}\n"              \
    "th,td{border:1px solid var(--line);padding:.35rem .6rem;"                 \
    "text-align:start;vertical-align:top}\n"                                   \
    "th{background:var(--soft)}\n"                                             \
    "pre{white-space:pre-wrap;background:var(--soft);"                         \
    "border:1px solid var(--line);padding:.6rem;\n"                            \
    "font:.9rem/1.5 \"Noto Sans Mono CJK JP\",\"Noto Sans Mono\","             \
    "monospace}\n"                                                             \
    "@media (max-width:36rem){dl>div{display:block}}\n"                        \
    "@page{size:A4;margin:18mm 16mm}\n"                                        \
    "@media print{:root{color-scheme:light;--ink:#000;--paper:#fff;"           \
    "--line:#666;--soft:#eee}\n"                                               \
    "body{font-size:10.5pt;line-height:1.5}main{max-width:none;padding:0}"     \
    "\n"                                                                       \
    "h1,h2,h3,h4,caption{break-after:avoid}"                                   \
    "thead{display:table-header-group}\n"                                      \
    "tr,dl>div{break-inside:avoid}}\n"

#endif
