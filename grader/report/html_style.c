/* The page's style. One column that fits a phone; on wide screens the heading stands beside it. The
 * colours meet WCAG AA on both backgrounds, and none of them says anything that a word does not. */
#include "grader/report/html_parts.h"

/* clang-format off: it would break the lines of CSS apart */

static const char colours[] = ":root {\n"
                              "  color-scheme: light dark;\n"
                              "  --page: #fdfdfc; --raised: #f4f4f1; --line: #dcdcd7;\n"
                              "  --text: #1c1e21; --quiet: #5a5f66; --link: #1f5799;\n"
                              "  --mine: #2f6db3; --ours: #83888f;\n"
                              "  --passed: #1b6e3f; --failed: #b0261b; --open: #845400;\n"
                              "}\n"
                              "@media screen and (prefers-color-scheme: dark) { :root {\n"
                              "  --page: #15171a; --raised: #1e2125; --line: #363b41;\n"
                              "  --text: #e3e5e8; --quiet: #a2a8b0; --link: #8fbcf2;\n"
                              "  --mine: #6ca5e6; --ours: #7d848d;\n"
                              "  --passed: #79cf9b; --failed: #ff9086; --open: #e5b656;\n"
                              "} }\n";

/* Anything may be longer than a phone is wide: paths and names break where they must. */
static const char ground[] =
    "*, ::before, ::after { box-sizing: border-box; }\n"
    "html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }\n"
    "body {\n"
    "  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 50rem;\n"
    "  color: var(--text); background: var(--page);\n"
    "  font: 1rem/1.55 system-ui, -apple-system, \"Segoe UI\", Roboto, \"Noto Sans\", sans-serif;\n"
    "  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;\n"
    "}\n"
    "code, samp, pre {\n"
    "  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, \"DejaVu Sans Mono\", "
    "monospace;\n"
    "  font-size: .875em;\n"
    "}\n"
    "h1, h2, h3 { line-height: 1.25; margin: 0; font-weight: 650; }\n"
    "h1 { font-size: 1.6rem; letter-spacing: -.01em; }\n"
    "h2 { font-size: 1.2rem; }\n"
    "h3 { font-size: 1rem; }\n"
    "p { margin: .25rem 0; }\n"
    "a { color: var(--link); text-underline-offset: .2em; }\n"
    ":focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }\n"
    "section, footer { margin-top: 3rem; }\n"
    ".passed { --tone: var(--passed); }\n"
    ".failed, .error { --tone: var(--failed); }\n"
    ".unmeasured, .inconclusive { --tone: var(--open); }\n"
    ".number, .points { text-align: right; white-space: nowrap; }\n";

static const char summary[] =
    ".lab, .graded { color: var(--quiet); font-size: .875rem; }\n"
    ".score { margin: 1.25rem 0 .5rem; font-size: 1.25rem; color: var(--quiet); }\n"
    ".score data {\n"
    "  font-size: 3.5rem; line-height: 1; font-weight: 650; letter-spacing: -.03em;\n"
    "  color: var(--text);\n"
    "}\n"
    ".tally span, p.unmeasured, p.inconclusive, h2.failed { color: var(--tone); }\n"
    ".tally > span { white-space: nowrap; margin-right: .75rem; }\n"
    ".overview { width: 100%; margin-top: 1.25rem; border-collapse: collapse; }\n"
    ".overview th { text-align: left; font-weight: 400; width: 35%; padding: .3rem .75rem .3rem 0; "
    "}\n"
    ".overview td:nth-child(2) { padding-right: .75rem; }\n"
    ".overview .number { width: 1%; }\n"
    ".share { display: block; height: .5rem; border-radius: 2px; background: var(--line); }\n"
    ".share::before {\n"
    "  content: \"\"; display: block; width: calc(var(--share) * 100%); height: 100%;\n"
    "  border-radius: 2px; background: var(--mine);\n"
    "}\n";

/* The chevron is drawn: not every phone's font has one. */
static const char tests[] =
    "main h2 { display: flex; flex-wrap: wrap; gap: .25rem .5rem; align-items: baseline;\n"
    "  padding-bottom: .5rem; border-bottom: 1px solid var(--line); }\n"
    "h2 .points { margin-left: auto; font-size: 1rem; font-weight: 400; color: var(--quiet); }\n"
    ".test { border-bottom: 1px solid var(--line); }\n"
    ".test summary {\n"
    "  display: grid; grid-template-columns: 1rem 7rem 1fr auto; gap: 0 .5rem;\n"
    "  align-items: baseline; padding: .7rem 0; list-style: none; cursor: pointer;\n"
    "}\n"
    ".test summary::-webkit-details-marker { display: none; }\n"
    ".test summary::before {\n"
    "  content: \"\"; width: .45rem; height: .45rem; align-self: center;\n"
    "  border: solid var(--quiet); border-width: 0 1.5px 1.5px 0; transform: rotate(-45deg);\n"
    "}\n"
    ".test[open] > summary::before { transform: rotate(45deg); }\n"
    ".status { color: var(--tone); font-size: .875rem; white-space: nowrap; }\n"
    ".status span { display: inline-block; width: 1.1em; text-align: center; }\n"
    ".test h3 { font-weight: 500; }\n"
    ".failed h3, .error h3 { font-weight: 650; }\n"
    ".points { color: var(--quiet); font-size: .875rem; }\n"
    "@media (max-width: 34rem) {\n"
    "  .test summary { grid-template-columns: 1rem 1fr auto; }\n"
    "  .test h3 { grid-area: 2 / 2 / auto / -1; }\n"
    "}\n";

static const char details[] =
    "dl {\n"
    "  display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: .45rem .5rem; margin: 0;\n"
    "  align-items: baseline;\n"
    "}\n"
    ".test dl { padding: .25rem 0 .75rem 1.5rem; }\n"
    ".test dl:last-child { padding-bottom: 1.75rem; }\n"
    "dt { color: var(--quiet); font-size: .875rem; }\n"
    "dd { margin: 0; max-width: 40rem; white-space: pre-line; }\n"
    "dd ol { margin: 0; white-space: normal; padding-left: 1.75rem; }\n"
    "dd.quote samp { display: block; max-height: 20rem; overflow: auto; white-space: pre-wrap; }\n"
    "dd.quote samp, pre { background: var(--raised); border-radius: 4px; padding: .3rem .6rem; }\n"
    "dt.next { color: var(--text); font-weight: 650; }\n"
    "pre { margin: 0; padding: 1rem; line-height: 1.5; min-width: max-content; }\n"
    "#build .scroll { margin-top: 1rem; background: var(--raised); border-radius: 4px; }\n"
    "footer { padding-top: 1.5rem; border-top: 1px solid var(--line); font-size: .875rem; }\n"
    "footer h2 { font-size: 1rem; margin-bottom: .75rem; }\n"
    "@media (max-width: 34rem) {\n"
    "  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }\n"
    "  dd { margin-bottom: .6rem; }\n"
    "}\n";

/* A notch is a gap in the bar at each power of ten. The number follows its bar, so a bar gives up
 * the room that the longest number needs. */
static const char bars[] =
    "#ledgers h3 { margin-top: 1.75rem; }\n"
    ".of, caption, small { color: var(--quiet); font-size: .875rem; font-weight: 400; }\n"
    ".scroll { overflow-x: auto; }\n"
    "table.bars { width: 100%; border-collapse: collapse; margin-top: .5rem; }\n"
    "caption { text-align: left; padding-bottom: .5rem; }\n"
    ".bars thead th { font-size: .875rem; font-weight: 400; color: var(--quiet); }\n"
    ".bars th, .bars td { padding: .5rem 1rem .5rem 0; vertical-align: top; text-align: left;\n"
    "  border-bottom: 1px solid var(--line); }\n"
    ".bars .number { text-align: right; padding-right: 0; padding-left: 1rem; }\n"
    ".bars tbody th { font-weight: 400; width: 28%; min-width: 9rem; }\n"
    ".bars tbody td:nth-child(2) { min-width: calc(var(--room) + 6rem); }\n"
    ".bars th small { display: block; }\n"
    ".bar { display: flex; align-items: center; gap: .5rem; white-space: nowrap; }\n"
    ".bar > span {\n"
    "  flex: none; height: .7rem; min-width: 2px; border-radius: 1px;\n"
    "  width: calc((100% - var(--room)) * var(--share)); background: var(--bar);\n"
    "  print-color-adjust: exact; -webkit-print-color-adjust: exact;\n"
    "}\n"
    ".bar b { font-weight: 600; }\n"
    ".bar .mine { --bar: var(--mine); }\n"
    ".bar .ours { --bar: var(--ours); }\n"
    ".bar > .notched { background: repeating-linear-gradient(to right, var(--bar) 0\n"
    "  calc(var(--notch) - 2px), transparent 0 var(--notch)); }\n"
    ".share, .share::before { print-color-adjust: exact; -webkit-print-color-adjust: exact; }\n"
    "@media (forced-colors: active) {\n"
    "  .bar > span, .share::before { forced-color-adjust: none; --bar: CanvasText;\n"
    "    background-color: CanvasText; }\n"
    "}\n";

/* A table's row becomes a block of lines where four columns have no room. */
static const char narrow_tables[] =
    "@media screen and (max-width: 40rem) {\n"
    "  .bars, .bars caption, .bars tbody, .bars tr, .bars tbody th, .bars td { display: block; }\n"
    "  .bars thead { position: absolute; clip-path: inset(50%); }\n"
    "  .bars tr { padding: .6rem 0; border-bottom: 1px solid var(--line); }\n"
    "  .bars tbody th, .bars tbody td { width: auto; padding: 0; border: 0; }\n"
    "  .bars tbody td:nth-child(2) { min-width: 0; }\n"
    "  .bars td.number { display: inline; padding: 0 .75rem 0 0; color: var(--quiet);\n"
    "    font-size: .875rem; }\n"
    "  .bars .bytes::after { content: \" bytes\"; }\n"
    "  .bars .per-call::after { content: \" a call\"; }\n"
    "}\n";

static const char wide_and_paper[] =
    "@media screen and (min-width: 76rem) {\n"
    "  body { display: grid; grid-template-columns: 19rem minmax(0, 50rem); column-gap: 4rem;\n"
    "    max-width: 75rem; padding-top: 3rem; }\n"
    "  body > header { grid-row: 1 / 3; position: sticky; top: 3rem; align-self: start;\n"
    "    max-height: calc(100vh - 4rem); overflow-y: auto; }\n"
    "  main, footer { grid-column: 2; }\n"
    "  main > section:first-child { margin-top: 0; }\n"
    "}\n"
    "@media print {\n"
    "  body { max-width: none; padding: 0; font-size: 10pt; }\n"
    "  .test:not([open]) summary, .test dl > *, .bars tr { break-inside: avoid; }\n"
    "  h2, h3, summary { break-after: avoid; }\n"
    "  dd.quote samp { max-height: none; }\n"
    "  .test summary::before { visibility: hidden; }\n"
    "}\n";

/* clang-format on */

void html_put_style(FILE *out) {
    static const char *const parts[] = {colours, ground, summary,       tests,
                                        details, bars,   narrow_tables, wide_and_paper};
    fputs("<style>\n", out);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        fputs(parts[i], out);
    fputs("</style>\n", out);
}
