// SPDX-License-Identifier: Apache-2.0
// hinoban.js - comforts; every page works without it.  Large files go in
// pieces that go on after a break.
'use strict';
(function () {
    const PIECE = 8 * 1024 * 1024;
    const TRIES = 8;

    async function send(form, file, bar, say) {
        const csrf = form.querySelector('[name=csrf]').value;
        const head = { 'x-csrf': csrf, 'x-name': encodeURIComponent(file.name),
            'x-size': String(file.size) };
        let answer = await fetch(form.dataset.upload,
            { method: 'POST', headers: head });
        if (!answer.ok) return answer.status;
        const id = (await answer.json()).file;
        for (let at = 0, tries = 0; ;) {
            const piece = file.slice(at, at + PIECE);
            try {
                answer = await fetch(form.dataset.upload + '/' + id, {
                    method: 'PUT', body: piece,
                    headers: { 'x-csrf': csrf, 'x-offset': String(at),
                        'content-type': 'application/octet-stream' } });
                if (answer.status === 409 || answer.ok) {
                    const now = await answer.json();
                    if (now.done) return 200;
                    tries = now.at > at ? 0 : tries + 1;
                    at = now.at;
                } else if (answer.status < 500) {
                    return answer.status;
                } else {
                    tries++;
                }
            } catch (e) {
                tries++;
            }
            if (tries > TRIES) return 0;
            if (tries > 0)
                await new Promise((go) => setTimeout(go, 500 * 2 ** tries));
            bar.value = file.size > 0 ? at / file.size : 1;
            say.textContent = Math.floor(100 * bar.value) + ' %';
        }
    }

    for (const form of document.querySelectorAll('form[data-upload]')) {
        form.addEventListener('submit', (event) => {
            const file = form.querySelector('input[type=file]').files[0];
            if (!file || !window.fetch) return;
            event.preventDefault();
            const bar = document.createElement('progress');
            const say = document.createElement('p');
            const button = form.querySelector('button');
            bar.max = 1;
            bar.value = 0;
            bar.setAttribute('aria-label', file.name);
            say.setAttribute('role', 'status');
            form.append(bar, say);
            button.disabled = true;
            send(form, file, bar, say).then((status) => {
                // The page says the rest, in the reader's language.
                const to = new URL(location.href);
                to.search = status === 200 ? '?done=1' : '?failed=' + status;
                location.replace(to);
            });
        });
    }
    for (const button of document.querySelectorAll('button[data-copy]')) {
        if (!navigator.clipboard) continue;
        // What is said stands in the page, in the reader's language.
        const say = button.parentElement.querySelector('[role=status]');
        button.hidden = false;
        button.addEventListener('click', async () => {
            say.textContent = ''; // the same words again are news, too
            try {
                await navigator.clipboard.writeText(button.dataset.copy);
                say.textContent = button.dataset.copied;
            } catch (e) {
                say.textContent = button.dataset.failed;
            }
        });
    }
}());
