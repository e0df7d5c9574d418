# SPDX-License-Identifier: Apache-2.0
"""The half to look at while a detector is written: 200 documents of a firm that
repairs machines and of the town around it.  Each template takes a random.Random
and the number of the document within its kind, and gives back a page."""
import json
import random

import paper
import values
from paper import page, tag

SEED = 'hinoban-pii-dev-1'

SURNAMES = [x.split(':') for x in (
    '佐藤:さとう:Sato 鈴木:すずき:Suzuki 高橋:たかはし:Takahashi '
    '髙橋:たかはし:Takahashi 田中:たなか:Tanaka 伊藤:いとう:Ito '
    '渡邉:わたなべ:Watanabe 山本:やまもと:Yamamoto 中村:なかむら:Nakamura '
    '小林:こばやし:Kobayashi 加藤:かとう:Kato 吉田:よしだ:Yoshida '
    '山田:やまだ:Yamada 佐々木:ささき:Sasaki 山口:やまぐち:Yamaguchi '
    '松本:まつもと:Matsumoto 井上:いのうえ:Inoue 木村:きむら:Kimura '
    '林:はやし:Hayashi 齋藤:さいとう:Saito 清水:しみず:Shimizu '
    '山﨑:やまざき:Yamazaki 阿部:あべ:Abe 森:もり:Mori 池田:いけだ:Ikeda '
    '橋本:はしもと:Hashimoto 石川:いしかわ:Ishikawa 前田:まえだ:Maeda '
    '藤田:ふじた:Fujita 小川:おがわ:Ogawa 岡田:おかだ:Okada '
    '後藤:ごとう:Goto 長谷川:はせがわ:Hasegawa 村上:むらかみ:Murakami '
    '近藤:こんどう:Kondo 石井:いしい:Ishii 遠藤:えんどう:Endo '
    '五十嵐:いがらし:Igarashi 東海林:しょうじ:Shoji 原:はら:Hara '
    '久保田:くぼた:Kubota 小笠原:おがさわら:Ogasawara 辻:つじ:Tsuji '
    '神谷:かみや:Kamiya 大河内:おおこうち:Okochi 柳:やなぎ:Yanagi').split()]
GIVEN = [x.split(':') for x in (
    '太郎:たろう:Taro 花子:はなこ:Hanako 一郎:いちろう:Ichiro '
    '健太:けんた:Kenta 美咲:みさき:Misaki 翔太:しょうた:Shota '
    '陽子:ようこ:Yoko 大輔:だいすけ:Daisuke 恵子:けいこ:Keiko '
    '誠:まこと:Makoto 由美子:ゆみこ:Yumiko 拓也:たくや:Takuya '
    '直美:なおみ:Naomi 隆:たかし:Takashi さくら:さくら:Sakura '
    '博之:ひろゆき:Hiroyuki 真由美:まゆみ:Mayumi 亮:りょう:Ryo '
    '千代:ちよ:Chiyo 康介:こうすけ:Kosuke 愛:あい:Ai 悠斗:ゆうと:Yuto '
    '和子:かずこ:Kazuko 正:ただし:Tadashi ひかり:ひかり:Hikari '
    '智子:ともこ:Tomoko 修:おさむ:Osamu 裕子:ゆうこ:Yuko '
    '勇気:ゆうき:Yuki 奈々:なな:Nana 浩二:こうじ:Koji マリ:まり:Mari '
    '辰男:たつお:Tatsuo 結衣:ゆい:Yui 清:きよし:Kiyoshi').split()]
FOREIGN = ['グエン・ヴァン・アン', 'NGUYEN THI MAI', '王 建国', '金 美姫',
           'Maria Santos', 'ジョン・スミス', 'LI NA', 'Ana Oliveira']

TOWNS = [  # prefecture, municipality, districts, area code, postcode
    ('東京都', '世田谷区', ('三軒茶屋', '用賀', '駒沢'), '03', '154'),
    ('東京都', '八王子市', ('明神町', '子安町', '大和田町'), '042', '192'),
    ('神奈川県', '横浜市港北区', ('日吉', '綱島西', '大倉山'), '045', '222'),
    ('大阪府', '豊中市', ('岡上の町', '本町', '曽根東町'), '06', '560'),
    ('愛知県', '名古屋市千種区', ('今池', '覚王山通', '本山町'), '052', '464'),
    ('北海道', '札幌市中央区', ('南一条西', '大通東'), '011', '060'),
    ('福岡県', '久留米市', ('東町', '津福本町'), '0942', '830'),
    ('宮城県', '石巻市', ('立町', '中央', '蛇田'), '0225', '986'),
    ('広島県', '呉市', ('中通', '本通'), '0823', '737'),
    ('長野県', '松本市', ('大手', '深志'), '0263', '390')]
BANKS = ['みずほ銀行', '三菱UFJ銀行', '三井住友銀行', '横浜銀行',
         '城南信用金庫', '北洋銀行']
BRANCHES = ['本店', '駅前支店', '中央支店', '港北支店', '東口支店', '南出張所']
FIRMS = ['株式会社北風製作所', '青葉機械株式会社', '有限会社みなと工業',
         '山手電機株式会社', '株式会社トライ精密', '合同会社かもめ',
         '双葉運輸株式会社', '株式会社さくら建材']

SENTENCES = [
    '{a}の点検を{w}に行い、{n}か所で{b}を確認した。',
    '{b}については、担当の部署から改めて連絡することとした。',
    '部品の在庫は{n}個であり、{w}までに追加で{m}個を手配する。',
    '今年度の{a}に関する計画は、前年度の実績を踏まえて見直しを行う。',
    '費用は税込みで{y}円を見込んでいるが、{b}の状況により変わることがある。',
    '{w}の打合せでは、{a}の更新と{b}の対策について意見を交わした。',
    'なお、詳しい手順は別紙「{a}取扱要領」第{n}章を参照されたい。',
    '作業の際は必ず手袋を着け、{a}の電源が切れていることを確かめること。',
    '町内会からは{b}についての質問が{n}件あり、その場で回答した。',
    '以上の結果から、{a}は引き続き使用できるものと判断する。',
    '{b}が続くときは無理に動かさず、一度止めてから状態を記録する。',
    '図面の版は第{n}版とし、古い版は{w}をもって廃止する。',
    '温度は{n}.{m}℃、湿度は{m}％で、規定の範囲に収まっている。',
    '確認は①{a}、②{b}の順とし、{n}㎡ごとに№{m}の用紙に書く。',
    '㈱北風との契約は{w}～翌年の同じ日とする（第Ⅱ期）。',
    '次回は{w}を予定し、それまでに{a}の見積りをそろえる。']
THINGS = ['ポンプ', 'コンプレッサー', '旋盤', '除雪機', '給水設備', '空調機',
          '発電機', 'フォークリフト', '集会所の照明', '防災倉庫']
FAULTS = ['異音', '油漏れ', '配線の緩み', '騒音', '振動', '塗装のはがれ',
          '水漏れ', '部品の摩耗']


def prose(r, n):
    """About n characters of it, in paragraphs."""
    out, size = [], 0
    while size < n:
        s = r.choice(SENTENCES).format(
            a=r.choice(THINGS), b=r.choice(FAULTS), n=r.randint(2, 30),
            m=r.randint(10, 80), y=f'{r.randint(2, 900) * 1000:,}',
            w=f'{r.randint(1, 12)}月{r.randint(1, 28)}日')
        out.append(s + ('\n' if r.random() < 0.25 else ''))
        size += len(s)
    return ''.join(out) + '\n'


def length(r):
    return int(r.lognormvariate(7.6, 0.5))


def num(r, n, first='0123456789'):
    return r.choice(first) + ''.join(r.choice('0123456789')
                                     for _ in range(n - 1))


# --- labelled values --------------------------------------------------------

def one(r):
    """A person: (label of the name, reading, romaji for a mail address)."""
    if r.random() < 0.04:
        name = r.choice(FOREIGN)
        return tag('person', name), '', 'user' + num(r, 4)
    (s, sk, sr), (g, gk, gr) = r.choice(SURNAMES), r.choice(GIVEN)
    form = r.random()
    if form < 0.05:
        shown = f'{gr} {sr.upper()}'
    elif form < 0.08:
        shown = f'{paper.katakana(sk)}　{paper.katakana(gk)}'
    else:
        shown = s + r.choice((' ', '　', '', '')) + g
    return tag('person', shown), paper.katakana(sk + gk), \
        f'{gr}.{sr}'.lower()


def people(r, n):
    """n persons with n names."""
    seen = {}
    while len(seen) < n:
        p = one(r)
        seen.setdefault(values.norm('person', paper.bare(p[0])), p)
    return list(seen.values())


def mail(r, who):
    return tag('mail', who + '@' + r.choice(
        ('kitakaze.example.co.jp', 'mail.example.jp', 'aoba.example',
         'town.example.lg.jp', 'example.ne.jp')))


def phone(r, town=None, bare=False):
    if town is None or r.random() < 0.5:
        parts = [r.choice(('090', '080', '070')), num(r, 4, '123456789'),
                 num(r, 4)]
    else:
        area = town[3]
        parts = [area, num(r, 6 - len(area), '23456789'), num(r, 4)]
    value, form = ''.join(parts), r.random()
    if bare:
        shown = value
    elif form < 0.6:
        shown = '-'.join(parts)
    elif form < 0.7:
        shown = f'{parts[0]}({parts[1]}){parts[2]}'
    elif form < 0.8:
        shown = '－'.join(parts).translate(paper.FULL)
    elif form < 0.9:
        shown = r.choice('‐–ー').join(parts)
    else:
        shown = f'+81-{parts[0][1:]}-{parts[1]}-{parts[2]}'
    return tag('phone', shown, value)


KANJI = '〇一二三四五六七八九'


def address(r, town, newline=False):
    pref, city, districts, _, _ = town
    a, b, c = r.randint(1, 5), r.randint(1, 29), r.randint(1, 19)
    form = r.random()
    if form < 0.4:
        block = f'{a}-{b}-{c}'
    elif form < 0.55:
        block = f'{a}丁目{b}番{c}号'
    elif form < 0.7:
        block = f'{a}－{b}－{c}'.translate(paper.FULL)
    elif form < 0.8:
        block = r.choice('‐–ー').join((str(a), str(b), str(c)))
    elif form < 0.9:
        block = f'{KANJI[a]}丁目{b}番地'
    else:
        block = f'{b * 17}番地{c}'
    head = (pref if r.random() < 0.8 else '') + city
    text = lot = head + r.choice(districts) + block
    if r.random() < 0.3:
        text += ('\n' if newline else r.choice(' 　')) + \
            r.choice(('コーポ青葉', 'メゾン港', '第二北ビル')) + \
            f'{r.randint(1, 9)}0{r.randint(1, 5)}' + r.choice(('', '号室'))
    return tag('address', text, lot)


def post(r, town):
    return f'{town[4]}-{num(r, 4)}'


def my_number(r, form=None):
    body = num(r, 11)
    v = body + values.my_number_digit(body)
    form = r.choice(('{0}{1}{2}', '{0} {1} {2}', '{0}-{1}-{2}', 'full')) \
        if form is None else form
    shown = v.translate(paper.FULL) if form == 'full' else \
        form.format(v[:4], v[4:8], v[8:])
    return tag('my_number', shown, v)


def card(r):
    body = r.choice(('4', '51', '53', '55', '35'))
    body = '3540' if body == '35' else body
    body += num(r, 15 - len(body))
    v = body + values.luhn_digit(body)
    return tag('card', r.choice(('-', ' ', '', '', '－', '‐')).join(
        v[i:i + 4] for i in (0, 4, 8, 12)), v)


def account(r):
    return tag('bank_account', num(r, 7))


# --- documents that hold something ------------------------------------------

def member_csv(r, i):
    rows = ['会員番号,氏名,フリガナ,郵便番号,住所,電話番号,メール']
    n = r.randint(18, 99)
    for k, (name, kana, who) in enumerate(people(r, n)):
        t = r.choice(TOWNS)
        rows.append(f'{1000 + k},"{name}",{tag("-person", kana)},{post(r, t)},'
                    f'"{address(r, t, newline=True)}",{phone(r, t)},'
                    f'{mail(r, who)}')
    return page('csv', '\n'.join(rows), persons=n, listed=True)


def headless(r, i):
    """No heading says what the twelve digits are; all of them pass."""
    n = r.randint(15, 40)
    rows = [f'{p[0]},{my_number(r, "{0}{1}{2}")},{r.choice(("男", "女"))},'
            f'昭和{r.randint(30, 63)}年' for p in people(r, n)]
    return page('csv', '\n'.join(rows), persons=n, listed=True)


def staff_tsv(r, i):
    n = r.randint(21, 88)
    rows = ['社員番号\t氏名\t部署\t携帯電話']
    rows += [f'{k:05}\t{p[0]}\t{r.choice(("製造部", "営業部", "総務課"))}\t'
             f'{phone(r, bare=r.random() < 0.5)}'
             for k, p in enumerate(people(r, n))]
    return page('tsv', '\n'.join(rows), persons=n, listed=True)


def application(r, i):
    name, kana, who = one(r)
    t = r.choice(TOWNS)
    return page('txt', f'''修理申込書

氏名：{name}（{tag("-person", kana) if kana else "ー"}）
住所：〒{post(r, t)}
　　　{address(r, t)}
電話：{phone(r, t)}
メール：{mail(r, who)}

''' + prose(r, length(r)))


def number_form(r, i):
    name, _, _ = one(r)
    word = r.choice(('個人番号', 'マイナンバー', '個人番号（マイナンバー）'))
    gap = r.choice(('：', '\n', ' '))
    return page('txt', f'''{prose(r, 200)}
個人番号届出書

届出者　{name}
生年月日　昭和{r.randint(40, 63)}年{r.randint(1, 12)}月{r.randint(1, 28)}日
{word}{gap}{my_number(r)}

''' + prose(r, length(r)))


def payroll(r, i):
    n = r.randint(10, 30)
    rows = ['氏名,個人番号,銀行,支店,種別,口座番号,支給額']
    form = r.choice(('{0}{1}{2}', '{0}-{1}-{2}'))
    for name, _, _ in people(r, n):
        rows.append(f'{name},{my_number(r, form)},{r.choice(BANKS)},'
                    f'{r.choice(BRANCHES)},普通,{account(r)},'
                    f'{r.randint(180, 520) * 1000}')
    return page('csv', '\n'.join(rows), persons=n, listed=True)


def signed_mail(r, i):
    name, _, who = one(r)
    to = r.choice(SURNAMES)[0]
    t = r.choice(TOWNS)
    return page('eml', f'''Subject: 見積りの件
Date: Tue, {r.randint(1, 28)} Apr 2026 10:21:{num(r, 2, "012345")} +0900

{tag("-person", to)}様

お世話になっております。
{prose(r, length(r))}
よろしくお願いいたします。
--
{r.choice(FIRMS)}
{name}
〒{post(r, t)} {address(r, t)}
TEL {phone(r, t)}
{mail(r, who)}
''')


def html_table(r, i):
    n = r.randint(10, 30)
    rows = ''.join(f'<tr><td>{k}</td><td>{p[0]}</td><td>{mail(r, p[2])}</td>'
                   f'<td>{r.choice(("出席", "欠席", "未定"))}</td></tr>\n'
                   for k, p in enumerate(people(r, n), 1))
    return page('html', f'''<!DOCTYPE html>
<html lang="ja"><head><title>講習会の参加者</title></head><body>
<h1>講習会の参加者</h1><p>{prose(r, 200)}</p>
<table><tr><th>No</th><th>お名前</th><th>メール</th><th>出欠</th></tr>
{rows}</table></body></html>''', persons=n, listed=True)


def json_rows(r):
    n = r.randint(10, 30)
    rows = []
    for name, kana, who in people(r, n):
        t = r.choice(TOWNS)
        rows.append('  {"name": "%s", "kana": "%s", "tel": "%s", '
                    '"address": "%s", "email": "%s"}' %
                    (name, tag('-person', kana), phone(r, t), address(r, t),
                     mail(r, who)))
    return n, '{"customers": [\n' + ',\n'.join(rows) + '\n]}'


def json_export(r, i):
    n, text = json_rows(r)
    return page('json', text, persons=n, listed=True)


def json_escaped(r, i):
    n, text = json_rows(r)
    return page('json', paper.each_shown(text, lambda s: ''.join(
        c if ord(c) < 0x80 else json.dumps(c)[1:-1] for c in s)),
        persons=n, listed=True)


def md_contacts(r, i):
    n = r.randint(4, 9)
    rows = [f'| {p[0]} | {phone(r)} | {mail(r, p[2])} |'
            for p in people(r, n)]
    return page('md', '# 当番の連絡先\n\n| 名前 | 電話 | メール |\n|---|---|---|\n'
                + '\n'.join(rows) + '\n\n' + prose(r, length(r)))


def vcards(r, i):
    n = r.randint(3, 25)
    out = []
    for name, kana, who in people(r, n):
        out.append(f'BEGIN:VCARD\nVERSION:3.0\nFN:{name}\n'
                   f'X-PHONETIC-LAST-NAME:{tag("-person", kana)}\n'
                   f'ORG:{r.choice(FIRMS)}\nTEL;TYPE=CELL:{phone(r)}\n'
                   f'EMAIL:{mail(r, who)}\nEND:VCARD')
    return page('vcf', '\n'.join(out), persons=n, listed=n >= 10)


def calendar(r, i):
    n = r.choice((4, 6, 12, 15))
    out = ''.join(f'ATTENDEE;CN="{p[0]}":mailto:{mail(r, p[2])}\n'
                  for p in people(r, n))
    return page('ics', f'''BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART:202604{r.randint(10, 28)}T010000Z
SUMMARY:安全講習
{out}DESCRIPTION:{prose(r, 600).strip().replace(chr(10), chr(92) + "n")}
END:VEVENT
END:VCALENDAR''', persons=n, listed=n >= 10)


def card_order(r, i):
    name, _, _ = one(r)
    extra = f'別のカード {card(r)}\n' if i % 2 else ''
    return page('txt', f'''部品の注文（電話受付）

ご注文者　{name} 様
クレジットカード番号　{card(r)}
有効期限　{r.randint(1, 12):02}/{r.randint(27, 31)}
{extra}
''' + prose(r, length(r)))


def transfer(r, i):
    name, kana, _ = one(r)
    return page('txt', prose(r, 300) + f'''
振込先
金融機関　{r.choice(BANKS)}　{r.choice(BRANCHES)}
種別　{r.choice(("普通", "当座"))}
口座番号　{account(r)}
名義　{name}（{tag("-person", paper.half_kana(kana))}）

''' + prose(r, length(r)))


def post_bank(r, i):
    sign, n = '1' + num(r, 3) + '0', num(r, 7, '123456789') + '1'
    name, _, _ = one(r)
    return page('txt', f'''会費の振込先
ゆうちょ銀行　{tag("bank_account", f"記号 {sign}　番号 {n}"[3:], sign + n)}
受取人　{name}

''' + prose(r, length(r)))


def roster(r, i):
    n = r.randint(18, 88)
    rows = [f'{k}\t{p[0]}' for k, p in enumerate(people(r, n), 1)]
    return page('txt', '消防団　出初め式　参加者\n\n番号\t氏名\n' +
                '\n'.join(rows) + '\n\n' + prose(r, 900),
                persons=n, listed=True)


def nine(r, i):
    rows = []
    for name, _, who in people(r, 9):
        t = r.choice(TOWNS)
        rows.append(f'"{name}","{address(r, t)}",{phone(r, t)}')
    return page('csv', '氏名,住所,電話\n' + '\n'.join(rows) + '\n' +
                '\n'.join(f'備考,"{prose(r, 120).strip()}",'
                          for _ in range(4)))


def minutes_full(r, i):
    five = [p[0] for p in people(r, 5)]
    out = ['定例会議事録', '出席者：' + '、'.join(five), '']
    for _ in range(r.randint(8, 20)):
        out.append(f'{r.choice(five)}：{prose(r, 50).strip()}')
    return page('txt', '\n'.join(out))


def sentence_names(r, i):
    names = [p[0] for p in people(r, r.randint(11, 14))]
    return page('txt', prose(r, 500) + '清掃には' + '、'.join(names) +
                'の各氏が加わり、予定より早く終わった。\n' + prose(r, length(r)))


def three_in_forty(r, i):
    three = people(r, 3)
    rows = [f'2026-04-{r.randint(1, 28):02},{r.choice(three)[0]},'
            f'{r.choice(THINGS)},{r.randint(1, 8)}.0' for _ in range(60)]
    return page('csv', '日付,担当者,作業,時間\n' + '\n'.join(rows))


def staff_page(r, i):
    name, _, who = one(r)
    return page('html', f'''<html><body><h2>工場だより 第{i + 3}号</h2>
<p>{prose(r, length(r))}</p>
<address>編集：総務課 {name}（{phone(r, TOWNS[1])}）</address>
</body></html>''')


def lease(r, i):
    a, b = one(r)[0], one(r)[0]
    t, u = r.choice(TOWNS), r.choice(TOWNS)
    return page('txt', f'''機械賃貸借契約書

貸主（甲）　住所　{address(r, t)}
　　　　　　氏名　{a}
借主（乙）　住所　{address(r, u)}
　　　　　　氏名　{b}

''' + prose(r, length(r)))


def shops(r, i):
    rows = []
    for k in range(r.randint(10, 25)):
        t = r.choice(TOWNS)
        rows.append(f'{r.choice(FIRMS)}{r.choice(BRANCHES)}\t'
                    f'{address(r, t)}\t{phone(r, t)}')
    return page('tsv', '取扱店\t所在地\t電話\n' + '\n'.join(rows))


def bulk_csv(r, n):
    rows = ['番号,氏名,電話番号,コース']
    for k in range(n):
        (s, _, _), (g, _, _) = r.choice(SURNAMES), r.choice(GIVEN)
        rows.append(f'{k:06},{tag("person", s + "　" + g)},'
                    f'{phone(r, bare=True)},{r.choice("ABCD")}コース')
    return page('csv', '\n'.join(rows), persons=n, listed=True)


def long_list(r, i):
    return bulk_csv(r, r.randint(2800, 4200))


def drill_list(r, i):
    return bulk_csv(r, 45000)


# --- documents that hold nothing --------------------------------------------

def orders(r, i):
    rows = []
    for _ in range(r.randint(36, 132)):
        body = num(r, 11)
        last = values.my_number_digit(body) if r.random() < 0.3 else num(r, 1)
        rows.append(f'{body}{last},{r.choice(THINGS)},{r.randint(1, 9)},'
                    f'{r.randint(1, 99) * 1000}')
    return page('csv', '注文番号,品名,数量,金額\n' + '\n'.join(rows))


def receipts(r, i):
    """The word stands on top; the numbers are those of receipts."""
    rows = []
    for _ in range(r.randint(30, 90)):
        body = num(r, 11)
        rows.append(f'{body}{values.my_number_digit(body)},'
                    f'{r.randint(1, 12)}/{r.randint(1, 28)},'
                    f'{r.choice(("交付済", "審査中", "連絡待ち"))}')
    return page('csv', 'マイナンバーカード申請の状況\n\n' + prose(r, 200) +
                '\n受付番号,受付日,状況\n' + '\n'.join(rows))


def firms_numbers(r, i):
    rows = [f'{r.choice(FIRMS)},{values.corporate(num(r, 12, "0123"))},'
            f'{r.randint(1, 400) * 1000}' for _ in range(r.randint(27, 88))]
    return page('csv', '支払先,個人番号又は法人番号,支払金額\n' + '\n'.join(rows))


def books(r, i):
    rows = []
    for _ in range(r.randint(27, 88)):
        b = '9784' + num(r, 8)
        rows.append(f'{b}{values.ean_digit(b)}\t{r.choice(THINGS)}'
                    f'{r.choice(("入門", "の整備", "大全", "図解"))}\t'
                    f'{r.randint(12, 60) * 100}円')
    return page('tsv', 'ISBN\t書名\t定価\n' + '\n'.join(rows))


def invoices(r, i):
    out = ''.join(f'登録番号 T{values.corporate(num(r, 12))}　'
                  f'{r.choice(FIRMS)}　{r.randint(1, 90) * 1100:,}円\n'
                  for _ in range(r.randint(8, 25)))
    return page('txt', '適格請求書の控え\n\n' + out + prose(r, length(r)))


def parcels(r, i):
    rows = []
    for _ in range(r.randint(27, 88)):
        n = num(r, 12)
        rows.append(f'| {n[:4]}-{n[4:8]}-{n[8:]} | {r.choice(FIRMS)} | '
                    f'{r.choice(("配達完了", "輸送中", "持戻"))} |')
    return page('md', '## 発送一覧\n\n| お問い合わせ番号 | 届け先 | 状況 |\n'
                '|---|---|---|\n' + '\n'.join(rows))


def customers16(r, i):
    rows = []
    for k in range(r.randint(36, 110)):
        body = num(r, 15, '4') if i % 2 == 0 else num(r, 15, '1789')
        good = values.luhn_digit(body)
        last = str((int(good) + r.randint(1, 9)) % 10) if i % 2 == 0 else good
        rows.append(f'{body}{last},{r.choice(FIRMS)},{r.choice("ABC")}')
    return page('csv', '顧客番号,顧客,区分\n' + '\n'.join(rows))


def card_docs(r, i):
    tests = ['4242 4242 4242 4242', '4111111111111111', '5555555555554444',
             '378282246310005', '3566002020360505', '4000-0000-0000-0002']
    r.shuffle(tests)
    return page('md', '# 決済の試験\n\n試験環境では次の番号を使います。\n\n' +
                ''.join(f'- `{n}`\n' for n in tests[:4]) +
                '\n```js\nconst card = "4111111111111111"; // 試験用\n```\n\n' +
                prose(r, length(r)))


def dates(r, i):
    out = ''.join(f'2026/{r.randint(1, 12):02}/{r.randint(1, 28):02} '
                  f'{r.randint(8, 17):02}:{r.randint(0, 59):02}:00 '
                  f'2026{num(r, 8)} {r.choice(THINGS)} {r.choice(FAULTS)}\n'
                  for _ in range(r.randint(45, 132)))
    return page('txt', '点検の記録\n' + out)


def parts(r, i):
    rows = [f'{r.choice(("030", "070", "045", "09"))}-{num(r, 3)}'
            f'-{num(r, 5)},{r.choice(THINGS)}用{r.choice(("軸", "板", "輪"))},'
            f'{r.randint(0, 300)}' for _ in range(r.randint(45, 132))]
    return page('csv', '品番,品名,在庫\n' + '\n'.join(rows))


def products(r, i):
    names = ['男山', '千代の光', '久保田', '太郎丸', '花子とまと', '一番星',
             '美少年', '小町', '金太郎', '北の誉', '七福神', '山田錦']
    rows = [f'{r.choice(names)}\t{r.choice((720, 1800, 300))}ml\t'
            f'{r.randint(9, 60) * 100}円' for _ in range(r.randint(36, 110))]
    return page('tsv', '銘柄\t容量\t価格\n' + '\n'.join(rows))


def firm_list(r, i):
    heads = ['森田', '松本', '中島', '上田', '池本', '藤原', '石橋', '平野']
    tails = ['商店', '製作所', '酒造', '医院', '建設', '写真館', '薬局']
    rows = [f'{k}. {r.choice(heads)}{r.choice(tails)}　'
            f'{r.choice(("正会員", "賛助会員"))}'
            for k in range(1, r.randint(45, 132))]
    return page('txt', '商工会　会員事業所\n\n' + '\n'.join(rows) + '\n' +
                prose(r, 400))


def stations(r, i):
    names = ('大森 川崎 鶴見 横浜 戸塚 大船 藤沢 辻堂 平塚 大磯 二宮 国府津 '
             '小田原 早川 根府川 真鶴 湯河原 熱海 函南 三島 沼津 片浜 原 富士 '
             '清水 草薙 静岡 安倍川').split()
    rows = [f'{n}\t{r.randint(5, 23):02}:{r.randint(0, 59):02}' for n in names]
    return page('txt', '駅名\t発車\n' + '\n'.join(rows) + '\n' +
                prose(r, length(r)))


def places(r, i):
    names = ('山口 福島 長野 宮崎 石川 香川 三浦 和泉 大野 勝山 高島 長浜 秋田 '
             '千葉 島田 藤枝 中津 豊田 岡崎 松山').split()
    r.shuffle(names)
    rows = [f'{n}市,{r.randint(20, 400)}{num(r, 3)},'
            f'{r.randint(10, 300)}.{r.randint(0, 9)}'
            for n in names]
    return page('csv', '市町村,人口,面積\n' + '\n'.join(rows))


def minutes_short(r, i):
    five = [tag('-person', s[0]) for s in r.sample(SURNAMES, 5)]
    out = ['工程会議の記録', '']
    out += [f'{r.choice(five)}　{prose(r, 60).strip()}'
            for _ in range(r.randint(10, 22))]
    return page('txt', '\n'.join(out))


def source(r, i):
    out = ['"""在庫を数える。"""', 'import csv', '']
    for k in range(r.randint(21, 88)):
        out += [f'@cache.memo(key="{num(r, 12)}")',
                f'def step_{k}(row):',
                f'    # {prose(r, 30).strip()}',
                f'    return row.get("{r.choice(THINGS)}", {num(r, 7)})', '']
    return page('py', '\n'.join(out))


def measures(r, i):
    n = 7000 if i == 0 else r.randint(108, 330)
    rows = [f'{k},{r.uniform(10, 40):.4f},{r.uniform(0, 9):.6f},{num(r, 7)}'
            for k in range(n)]
    return page('csv', '通番,温度,振動,積算\n' + '\n'.join(rows))


def law(r, i):
    out = [f'（目的）\n第一条　この規程は、{r.choice(THINGS)}の管理に関し必要な事項を'
           '定めることを目的とする。']
    for k in range(2, r.randint(10, 25)):
        out.append(f'第{k}条　使用者は、{r.choice(FAULTS)}を認めたときは、'
                   f'前条第{r.randint(1, 4)}項の例により、'
                   f'{r.randint(3, 30)}日以内に届け出なければならない。')
    return page('txt', '\n'.join(out))


def novel(r, i):
    who = [tag('-person', r.choice(('健三', 'お延', '三四郎', '由利'))) for _ in
           range(3)]
    n = 30 if i else 2500
    lines = ['　{0}は黙って{1}の音を聞いていた。', '「あれは{2}日前のことです」と{0}が言った。',
             '　雪は夜のうちに{2}尺も積もり、{1}は朝まで止まなかった。',
             '　{0}の手紙には、番地も名前も書かれていなかった。']
    return page('txt', '\n'.join(r.choice(lines).format(
        r.choice(who), r.choice(('雨', '汽車', '水車', '風')), r.randint(2, 9))
        for _ in range(n)))


def guide(r, i):
    body = num(r, 11)
    wrong = str((int(values.my_number_digit(body)) + r.randint(1, 9)) % 10)
    return page('txt', f'''マイナンバーの取扱いについて

個人番号は12桁の数字です（見本：{body}{wrong}）。収集の際は利用目的を示してください。
{prose(r, length(r))}
問合せは町の窓口へ。受付番号 {num(r, 8)}
''')


def debit(r, i):
    """Speaks of accounts; its seven digits are customers and invoices."""
    rows = ''.join(f'お客様番号 {num(r, 7)}　{r.choice(FIRMS)}　'
                   f'請求書 {num(r, 7)}\n' for _ in range(r.randint(10, 30)))
    return page('txt', f'口座振替の開始について\n\n{prose(r, 300)}\n{rows}\n'
                '振替の口座は取引先の申込書を見ること。\n' + prose(r, length(r)))


def scores(r, i):
    """Municipality and 3-1, but of a tournament."""
    towns = [t[1] for t in TOWNS]
    rows = [f'{k}回戦　{r.choice(towns)} {r.randint(0, 9)}-{r.randint(0, 9)} '
            f'{r.choice(towns)}' for k in range(1, r.randint(30, 60))]
    return page('txt', '職場対抗野球の結果\n\n' + '\n'.join(rows) + '\n' +
                prose(r, 600))


def app_log(r, i):
    out = ''.join(f'2026-04-{r.randint(1, 28):02}T0{r.randint(0, 9)}:00:00 '
                  f'id={num(r, 12)} '
                  f'host=10.{r.randint(0, 255)}.0.{r.randint(1, 250)} '
                  f'msg="{r.choice(THINGS)} {r.choice(FAULTS)}" '
                  f'took={num(r, 3)}ms git@repo:tools/x.git\n'
                  for _ in range(r.randint(45, 154)))
    return page('log', out)


KINDS = [(member_csv, 4), (headless, 2), (staff_tsv, 5), (application, 5),
         (number_form, 6), (payroll, 6), (signed_mail, 7), (html_table, 5),
         (json_export, 4), (json_escaped, 2), (md_contacts, 3), (vcards, 5),
         (calendar, 4), (card_order, 10), (transfer, 4), (post_bank, 2),
         (roster, 4), (nine, 3), (minutes_full, 3), (sentence_names, 2),
         (three_in_forty, 2), (staff_page, 3), (lease, 3), (shops, 2),
         (long_list, 3), (drill_list, 1)]
NOTHING = [(orders, 4), (receipts, 3), (firms_numbers, 5), (books, 5),
           (invoices, 3), (debit, 3), (scores, 2), (parcels, 5),
           (customers16, 6), (card_docs, 5), (dates, 3), (parts, 6),
           (products, 4), (firm_list, 5), (stations, 3), (places, 4),
           (minutes_short, 5), (source, 5), (measures, 5), (law, 4),
           (novel, 4), (guide, 6), (app_log, 5)]


def documents():
    made = []
    for kinds in (KINDS, NOTHING):
        for make, n in kinds:
            kind = 'dev_' + make.__name__
            made += [(kind, make(random.Random(f'{SEED}/{kind}/{i}'), i))
                     for i in range(n)]
    random.Random(SEED).shuffle(made)
    return made
