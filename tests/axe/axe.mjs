// SPDX-License-Identifier: Apache-2.0
// axe.mjs PAGES.json MODULES - each page in light and dark, 360 and 1280 px
// wide, by axe-core (WCAG 2.2 A and AA) in Chromium, whether all that belongs
// to it came, and whether buttons that copy say so; prints one JSON object a
// look: {"name","look","problems":[...]}.
//
// PAGES.json: {"chromium": PATH, "pages": [{"name", "url", "html", "headers",
// "cookies", "lang"}]}.  A page with "html" is answered with that text (what a
// form was answered with, say), its style and script from where the url is.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [, , listPath, modules] = process.argv;
const require = createRequire(modules + '/');
const puppeteer = require('puppeteer-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const list = JSON.parse(readFileSync(listPath, 'utf8'));
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
    'best-practice'];

const browser = await puppeteer.launch({
    executablePath: list.chromium,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    acceptInsecureCerts: true,
});

// No page names it: the browser asks of itself, once.
const ofItself = (url) => url && new URL(url).pathname === '/favicon.ico';

// In the page: each button that copies says whether it did.
async function copies() {
    const problems = [];
    for (const button of document.querySelectorAll('button[data-copy]')) {
        const say = button.parentElement.querySelector('[aria-live]');
        let got = '';
        if (button.hidden) problems.push('copy: the button stays hidden');
        for (const [want, write] of [
            ['copied', async (text) => { got = text; }],
            ['failed', async () => { throw new Error('denied'); }]]) {
            Object.defineProperty(navigator.clipboard, 'writeText',
                { value: write, configurable: true });
            button.click();
            await new Promise((go) => setTimeout(go, 50));
            if (!button.dataset[want] ||
                say.textContent !== button.dataset[want])
                problems.push(`copy: "${say.textContent}", not ${want}`);
        }
        if (got !== button.dataset.copy) problems.push('copy: other text');
    }
    return problems;
}

async function look(page, one, scheme, width) {
    const problems = [];
    const heard = (m) => m.type() === 'error' &&
        // A page that says 404 is meant to; what belongs to it is not.
        !(/Failed to load resource.*status of [45]\d\d/.test(m.text()) &&
            (m.location().url === one.url || ofItself(m.location().url))) &&
        problems.push(`console: ${m.text()} ${m.location().url || ''}`);
    const broken = (e) => problems.push('script: ' + e.message);
    const answered = (r) => r.status() >= 400 &&
        !r.request().isNavigationRequest() && !ofItself(r.url()) &&
        problems.push(`missing: ${r.status()} ${r.url()}`);
    const failed = (rq) =>
        problems.push(`missing: ${rq.failure()?.errorText} ${rq.url()}`);
    page.on('console', heard);
    page.on('pageerror', broken);
    page.on('response', answered);
    page.on('requestfailed', failed);
    await page.emulateMediaFeatures([
        { name: 'prefers-color-scheme', value: scheme }]);
    await page.setViewport({ width, height: 800 });
    await page.goto(one.url, { waitUntil: 'load' });
    const wide = await page.evaluate(() =>
        document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0)
        problems.push(`scrolls sideways by ${wide} px`);
    // The page's own policy lets no script in; the debugger may.
    await page.evaluate(axe);
    const found = await page.evaluate((tags) =>
        // eslint-disable-next-line no-undef
        axe.run(document, { runOnly: { type: 'tag', values: tags } }), TAGS);
    for (const v of found.violations)
        for (const n of v.nodes)
            problems.push(`${v.id}: ${n.target.join(' ')}: ${n.html}`);
    problems.push(...await page.evaluate(copies));
    page.off('console', heard);
    page.off('pageerror', broken);
    page.off('response', answered);
    page.off('requestfailed', failed);
    return problems;
}

for (const one of list.pages) {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.setExtraHTTPHeaders({ 'Accept-Language': one.lang });
    for (const c of one.cookies || [])
        await page.setCookie({ name: c[0], value: c[1], url: one.url,
            secure: true, path: '/' });
    if (one.html) {
        await page.setRequestInterception(true);
        page.on('request', (rq) => rq.isNavigationRequest()
            ? rq.respond({ status: 200, headers: one.headers, body: one.html })
            : rq.continue());
    }
    for (const scheme of ['light', 'dark'])
        for (const width of [360, 1280]) {
            let problems;
            try {
                problems = await look(page, one, scheme, width);
            } catch (e) {
                problems = ['not looked at: ' + e.message];
            }
            console.log(JSON.stringify({ name: one.name,
                look: `${one.lang} ${scheme} ${width}`, problems }));
        }
    await context.close();
}
await browser.close();
