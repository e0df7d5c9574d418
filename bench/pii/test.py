# SPDX-License-Identifier: Apache-2.0
"""The half that measures: 400 documents of a town hall, a school, a clinic and
a shop on the net.  Who writes a detector does not read this file.

Other than dev.py it makes whole people first (Someone) and writes the same rows
in many forms (FORMS), so that a form is never tied to what it holds."""
import dataclasses
import html
import json
import random

import paper
import values
from paper import page, tag

SEED = 'hinoban-pii-test-1'

FAMILY = [x.split('/') for x in (
    '三宅/みやけ/Miyake 大西/おおにし/Onishi 菊地/きくち/Kikuchi '
    '野村/のむら/Nomura 渡辺/わたなべ/Watanabe 渡部/わたべ/Watabe '
    '斉藤/さいとう/Saito 斎藤/さいとう/Saito 神﨑/かんざき/Kanzaki '
    '濵田/はまだ/Hamada 勅使河原/てしがわら/Teshigawara '
    '武者小路/むしゃのこうじ/Mushanokoji 佐久間/さくま/Sakuma '
    '曽我部/そがべ/Sogabe 東/あずま/Azuma 西園寺/さいおんじ/Saionji '
    '伊集院/いじゅういん/Ijuin 喜屋武/きゃん/Kyan 比嘉/ひが/Higa '
    '与那嶺/よなみね/Yonamine 仲村渠/なかんだかり/Nakandakari '
    '我妻/あがつま/Agatsuma 日下部/くさかべ/Kusakabe 草彅/くさなぎ/Kusanagi '
    '𠮷野/よしの/Yoshino 德永/とくなが/Tokunaga 嶋﨑/しまざき/Shimazaki '
    '邊見/へんみ/Hemmi 廣瀬/ひろせ/Hirose 瀧澤/たきざわ/Takizawa '
    '櫻井/さくらい/Sakurai 眞鍋/まなべ/Manabe 野々村/ののむら/Nonomura '
    '等々力/とどろき/Todoroki 宮城/みやぎ/Miyagi 千葉/ちば/Chiba '
    '福島/ふくしま/Fukushima 岩手/いわて/Iwate 上野/うえの/Ueno '
    '安藤/あんどう/Ando 酒井/さかい/Sakai 工藤/くどう/Kudo 横山/よこやま/Yokoyama '
    '宮﨑/みやざき/Miyazaki 内田/うちだ/Uchida 今井/いまい/Imai '
    '河野/こうの/Kono 丸山/まるやま/Maruyama 杉山/すぎやま/Sugiyama '
    '谷/たに/Tani 星/ほし/Hoshi 関/せき/Seki 畠山/はたけやま/Hatakeyama '
    '樋口/ひぐち/Higuchi 水野/みずの/Mizuno 平/たいら/Taira 堀内/ほりうち/Horiuchi '
    '土居/どい/Doi 大久保/おおくぼ/Okubo 加賀美/かがみ/Kagami '
    '御手洗/みたらい/Mitarai 早乙女/さおとめ/Saotome 一/にのまえ/Ninomae').split()]
FIRST = [x.split('/') for x in (
    '美々/みみ/Mimi 凜/りん/Rin 颯太/そうた/Sota 莉子/りこ/Riko 晴翔/はると/Haruto '
    '悠真/ゆうま/Yuma 蒼/あおい/Aoi 陽菜/ひな/Hina 結月/ゆづき/Yuzuki '
    '湊/みなと/Minato 大翔/ひろと/Hiroto 樹/いつき/Itsuki 紬/つむぎ/Tsumugi '
    'ゆき子/ゆきこ/Yukiko エリカ/えりか/Erika 絹江/きぬえ/Kinue '
    '富美子/ふみこ/Fumiko 茂/しげる/Shigeru 勝/まさる/Masaru 昭二/しょうじ/Shoji '
    '義雄/よしお/Yoshio ミヨ/みよ/Miyo キクエ/きくえ/Kikue '
    '源一郎/げんいちろう/Genichiro 孝之/たかゆき/Takayuki 俊彦/としひこ/Toshihiko '
    '敏夫/としお/Toshio 久美/くみ/Kumi 幸代/さちよ/Sachiyo 理恵/りえ/Rie '
    '千鶴/ちづる/Chizuru 真央/まお/Mao 彩花/あやか/Ayaka 竜也/たつや/Tatsuya '
    '剛/つよし/Tsuyoshi 徹/とおる/Toru 菜々子/ななこ/Nanako 光/ひかる/Hikaru '
    'いろは/いろは/Iroha 龍之介/りゅうのすけ/Ryunosuke 静/しずか/Shizuka '
    '澪/みお/Mio 宗一/そういち/Soichi 倫太郎/りんたろう/Rintaro').split()]
ABROAD = [('チャン・ティ・フオン', 'huong.tran'), ('TRAN VAN MINH', 'minh88'),
          ('朴 智勲', 'jihoon.p'), ('張 偉', 'zhangwei'), ('陳 怡君', 'yichun'),
          ('Aung Kyaw Moe', 'akm'), ('Nur Aisyah binti Rahman', 'aisyah'),
          ('ラム・バハドゥル・タパ', 'rbthapa'), ('Sofia Garcia Lopez', 'sgl'),
          ("Michael O'Brien", 'mobrien'), ('Pedro Henrique da Silva', 'phs'),
          ('Kateryna Kovalenko', 'kkov'), ('ムハンマド・アリ・カーン', 'makhan'),
          ('Rajesh Kumar Sharma', 'rks'), ('Emily Johnson', 'emilyj')]

# Prefecture, municipality, what follows, area code, first digits of a postcode.
LAND = [x.split(',') for x in (
    '北海道,函館市,五稜郭町/湯川町/美原,0138,040',
    '青森県,弘前市,大字土手町/城東中央,0172,036',
    '秋田県,横手市,平城町/大屋新町,0182,013',
    '茨城県,つくば市,吾妻/天久保,029,305',
    '群馬県,高崎市,八島町/倉賀野町,027,370',
    '埼玉県,所沢市,東所沢和田/小手指町,04,359',
    '千葉県,柏市,柏の葉/大津ケ丘,04,277',
    '東京都,墨田区,押上/東向島,03,131',
    '東京都,西多摩郡奥多摩町,氷川/海澤,0428,198',
    '新潟県,佐渡市,両津夷/相川下戸町,0259,952',
    '富山県,射水市,三ケ/小杉,0766,939',
    '岐阜県,高山市,花岡町/上三之町,0577,506',
    '静岡県,浜松市中央区,鴨江/元城町,053,432',
    '三重県,四日市市,諏訪栄町/西新地,059,510',
    '京都府,京都市上京区,今出川通烏丸東入玄武町/丸太町通智恵光院西入主税町,075,602',
    '兵庫県,姫路市,飾磨区恵美酒/白国,079,670',
    '奈良県,生駒郡斑鳩町,龍田南/法隆寺西,0745,636',
    '島根県,隠岐郡海士町,大字海士/大字福井,08514,684',
    '岡山県,倉敷市,阿知/児島味野,086,710',
    '高知県,高岡郡四万十町,茂串町/榊山町,0880,786',
    '長崎県,佐世保市,早岐/三浦町,0956,857',
    '鹿児島県,大島郡龍郷町,瀬留/赤尾木,0997,894',
    '沖縄県,那覇市,首里金城町/おもろまち,098,900')]
LENDERS = ['りそな銀行', '京都銀行', '山陰合同銀行', '琉球銀行', '東北労働金庫',
           '多摩信用金庫', '十六銀行', 'ＪＡとぴあ浜松', '楽天銀行']
OFFICES = ['本店営業部', '高山支店', '城北支店', '西口支店', '県庁内支店',
           '第二営業支店', 'ことり支店']
HOSTS = ['gakko.example.ed.jp', 'post.example.or.jp', 'machi.example',
         'example.co.jp', 'clinic.example', 'm.example.ne.jp']


def figs(r, n, first='0123456789'):
    return ''.join(r.choice(first if k == 0 else '0123456789')
                   for k in range(n))


@dataclasses.dataclass
class Someone:
    """Labelled texts of one person; a template takes what it shows."""
    name: str
    kana: str
    family: str
    home: str
    code: str
    tel: str
    mail: str
    born: str


def wide(s):
    return s.translate(paper.FULL)


DASHES = '-－‐–−ー'


def phone_of(r, land, mobile):
    if mobile:
        p = (r.choice(('080', '090', '070', '050')), figs(r, 4, '123456789'),
             figs(r, 4))
    else:
        area = land[3]
        left = 6 - len(area)
        local = {'04': '2' if land[1] == '所沢市' else '7'}.get(area, '')
        p = (area, local + figs(r, left - len(local), '23456789'), figs(r, 4))
    v = ''.join(p)
    s = r.choices((
        '-'.join(p), r.choice(DASHES[1:]).join(p), f'({p[0]}){p[1]}-{p[2]}',
        f'{p[0]}（{p[1]}）{p[2]}', wide('-'.join(p)), ' '.join(p),
        f'+81 {p[0][1:]} {p[1]} {p[2]}', f'+81-(0){p[0][1:]}-{p[1]}-{p[2]}',
        '.'.join(p)), (50, 14, 6, 6, 8, 5, 4, 2, 3))[0]
    return tag('phone', s, v)


FIGURES = '〇一二三四五六七八九十'


def home_of(r, land):
    cho, ban, go = r.randint(1, 9), r.randint(1, 40), r.randint(1, 25)
    d = r.choice(DASHES)
    lots = [f'{cho}{d}{ban}{d}{go}', f'{cho}丁目{ban}番{go}号',
            f'{cho}丁目{ban}-{go}', wide(f'{cho}-{ban}-{go}'),
            f'{FIGURES[cho]}丁目{ban}番地の{go}',
            f'{FIGURES[cho]}丁目{FIGURES[ban % 10 + 1]}番{FIGURES[go % 10 + 1]}号',
            f'{ban * 31}番地', f'{wide(str(ban * 7))}番地{wide(str(go))}']
    rural = '大字' in land[2] or '郡' in land[1] or '京都' in land[1]
    lot = r.choice(lots[-2:] if rural else lots)
    head = (land[0] if r.random() < 0.75 else '') + land[1] + \
        r.choice(('', '', '', ' ', '　')) + r.choice(land[2].split('/'))
    v = value = head + lot
    if r.random() < 0.25:
        v += r.choice((' ', '　', '')) + r.choice(
            ('ハイツみどり', '県営住宅', 'グランドール城東', 'サンパレス')) + \
            r.choice((f'{r.randint(1, 9)}号棟{r.randint(101, 512)}',
                      f' {r.randint(101, 909)}号', f'B-{r.randint(101, 305)}'))
    return tag('address', v, value)


def someone(r):
    land = r.choice(LAND)
    if r.random() < 0.06:
        name, box = r.choice(ABROAD)
        family, kana = name.split('・')[0].split()[0], ''
    else:
        f, g = r.choice(FAMILY), r.choice(FIRST)
        family, kana = f[0], paper.katakana(f[1] + ' ' + g[1])
        name = r.choices((f[0] + g[0], f'{f[0]} {g[0]}', f'{f[0]}　{g[0]}',
                          f'{f[1]}　{g[1]}', kana, f'{f[2].upper()} {g[2]}',
                          f'{g[2]} {f[2]}'), (30, 30, 30, 3, 3, 2, 2))[0]
        box = r.choice((f'{f[2]}.{g[2]}', f'{g[2][0]}-{f[2]}',
                        f'{g[2]}{r.randint(60, 99)}', f'{f[2]}_{g[2][0]}'))
        box = box.lower()
    born = f'{r.choice(("昭和", "平成"))}{r.randint(2, 30)}年' \
           f'{r.randint(1, 12)}月{r.randint(1, 28)}日' if r.random() < 0.5 \
        else f'{r.randint(1935, 2018)}/{r.randint(1, 12):02}/' \
        f'{r.randint(1, 28):02}'
    kana_shown = paper.half_kana(kana) if r.random() < 0.3 else kana
    return Someone(tag('person', name),
                   kana_shown and tag('-person', kana_shown), family,
                   home_of(r, land), f'{land[4]}-{figs(r, 4)}',
                   phone_of(r, land, r.random() < 0.55),
                   tag('mail', f'{box}@{r.choice(HOSTS)}'), born)


def crowd(r, n):
    found = {}
    while len(found) < n:
        s = someone(r)
        found.setdefault(values.norm('person', paper.bare(s.name)), s)
    return list(found.values())


def twelve(r, form=None):
    """A My Number; the forms that people type."""
    body = figs(r, 11)
    v = body + values.my_number_digit(body)
    a, b, c = v[:4], v[4:8], v[8:]
    form = r.randrange(7) if form is None else form
    dash = r.choice(DASHES[1:])
    return tag('my_number', (v, f'{a} {b} {c}', f'{a}-{b}-{c}', wide(v),
                             wide(f'{a}-{b}-{c}'), f'{a}　{b}　{c}',
                             f'{a}{dash}{b}{dash}{c}')[form], v)


def plastic(r):
    scheme = r.choice(('visa', 'mc', 'mc2', 'jcb', 'amex', 'diners'))
    head, n = {'visa': ('4' + figs(r, 3), 16),
               'mc': (str(r.randint(51, 55)), 16),
               'mc2': (str(r.randint(2230, 2699)), 16),
               'jcb': (str(r.randint(3530, 3588)), 16),
               'amex': (r.choice(('34', '37')), 15),
               'diners': ('36', 14)}[scheme]
    body = head + figs(r, n - 1 - len(head))
    v = body + values.luhn_digit(body)
    cuts = (4, 8, 12) if n == 16 else (4, 10)
    parts = [v[a:b] for a, b in zip((0,) + cuts, cuts + (n,))]
    return tag('card', r.choice((v, '-'.join(parts), ' '.join(parts),
                                 wide(v), wide('-'.join(parts)),
                                 r.choice(DASHES[1:]).join(parts))), v)


def seven(r):
    s = figs(r, 7)
    return tag('bank_account', r.choice((s, s, wide(s))), s)


# --- words around ------------------------------------------------------------

SUBJECT = ['図書館の利用者', '町立診療所', '学校運営協議会', '給食センター', '保護者',
           '子ども会', '住民税の窓口', '体育館', '放課後の教室', '配送の係',
           '返品の受付', '健康診断の会場', '水道の検針員', '移動販売車']
VERB = ['は、{t}から{u}まで受付を休止します', 'では{n}人の希望があり、抽選を行いました',
        'に対し、{u}を期限として書類の提出を求めています', 'が{t}に行った説明は、おおむね理解された',
        'の開館時間は、当分のあいだ午前{h}時から午後{k}時までです',
        'に置いた意見箱には{n}通の投書がありました', 'の当番は、各学級で話し合って決めてください',
        'については、{t}付けの通知のとおりとします',
        'の手順は、①受付 ②確認 ③返却の順です（様式№{n}）',
        'は{t}〜{u}に㈱南風が改修します（{n}㎡、第Ⅲ工区）',
        'へのお車での来場はご遠慮ください。駐車できるのは{n}台までです',
        'の予算は前の年より{n}.{k}パーセント少なくなりました']
CODA = ['。', '。ご理解をお願いします。', '。\n', '（詳細は後日）。', '。ただし雨天の場合を除く。\n']


def chatter(r, n):
    out, size = [], 0
    while size < n:
        s = r.choice(SUBJECT) + r.choice(VERB).format(
            t=f'令和{r.randint(6, 9)}年{r.randint(1, 12)}月{r.randint(1, 28)}日',
            u=f'{r.randint(1, 12)}/{r.randint(1, 28)}', n=r.randint(3, 120),
            h=r.randint(8, 10), k=r.randint(4, 8)) + r.choice(CODA)
        out.append(s)
        size += len(s)
    return ''.join(out).strip() + '\n'


def some(r):
    return chatter(r, r.lognormvariate(7.8, 0.55))


# --- one table, many forms ---------------------------------------------------

def csv_plain(r, head, rows):
    def cell(c):
        return f'"{c}"' if set(paper.bare(c)) & set(',"\n') else c
    return 'csv', '\n'.join(','.join(cell(c) for c in row)
                            for row in [head] + rows)


def csv_excel(r, head, rows):
    """As Excel is told to keep a leading 0: ="..."; all else in quotes."""
    def cell(c):
        b = paper.bare(c)
        return f'="{c}"' if b.isdigit() and b.isascii() else f'"{c}"'
    return 'csv', '\n'.join(','.join(cell(c) for c in row)
                            for row in [head] + rows)


def tabs(r, head, rows):
    return 'txt', '\n'.join('\t'.join(row) for row in [head] + rows)


def html_rows(r, head, rows):
    def line(kind, row):
        return '<tr>' + ''.join(
            f'<{kind}>{paper.each_shown(c, html.escape)}</{kind}>'
            for c in row) + '</tr>'
    return 'html', ('<html lang="ja">\n<body>\n<table border="1">\n' +
                    line('th', head) + '\n' +
                    '\n'.join(line('td', row) for row in rows) +
                    '\n</table>\n</body></html>')


def markdown(r, head, rows):
    return 'md', '\n'.join('| ' + ' | '.join(row) + ' |' for row in
                           [head, [':--'] * len(head)] + rows)


def js(r, head, rows):
    def text(c):
        return '"' + paper.each_shown(
            c, lambda s: json.dumps(s, ensure_ascii=False)[1:-1]) + '"'
    return 'json', '[\n' + ',\n'.join(
        '{' + ', '.join(f'{text(h)}: {text(c)}' for h, c in zip(head, row)) +
        '}' for row in rows) + '\n]'


def aligned(r, head, rows):
    w = [max(len(paper.bare(row[k])) for row in [head] + rows) + 2
         for k in range(len(head))]
    return 'txt', '\n'.join(
        ''.join(c + '　' * (n - len(paper.bare(c))) for c, n in zip(row, w))
        for row in [head] + rows)


def blocks(r, head, rows):
    left, right = r.choice((('【', '】'), ('■', '：'), ('', ' : ')))
    return 'txt', '\n\n'.join('\n'.join(left + h + right + c
                                        for h, c in zip(head, row))
                              for row in rows)


def sql(r, head, rows):
    return 'sql', f'INSERT INTO `t{figs(r, 2)}` (' + ', '.join(
        f'`{h}`' for h in head) + ') VALUES\n' + ',\n'.join(
        '(' + ', '.join("'" + paper.each_shown(
            c, lambda s: s.replace("'", "''")) + "'" for c in row) + ')'
        for row in rows) + ';'


def xml(r, head, rows):
    return 'xml', '<?xml version="1.0"?>\n<一覧>\n' + '\n'.join(
        '<行>' + ''.join(f'<{h}>{paper.each_shown(c, html.escape)}</{h}>'
                        for h, c in zip(head, row)) + '</行>'
        for row in rows) + '\n</一覧>'


FORMS = [csv_plain, csv_excel, tabs, html_rows, markdown, js, aligned, blocks,
         sql, xml]


def table(r, i, head, rows, **more):
    """The i-th document of a kind takes the i-th form."""
    ext, text = FORMS[i % len(FORMS)](r, head, [[c or '-' for c in row]
                                               for row in rows])
    return page(ext, text, **more)


def listing(r, i, head, cells, n=None):
    n = n or r.randint(10, 95)
    return table(r, i, head, [cells(k, p) for k, p in enumerate(crowd(r, n))],
                 persons=n, listed=True)


# --- lists of persons ---------------------------------------------------------

def residents(r, i):
    return listing(r, i, ['世帯番号', '氏名', 'ふりがな', '生年月日', '住所'],
                   lambda k, p: [figs(r, 6), p.name, p.kana, p.born, p.home])


def pupils(r, i):
    return listing(r, i, ['組', '児童名', '保護者連絡先', 'アレルギー'],
                   lambda k, p: [f'{r.randint(1, 6)}年{r.randint(1, 3)}組',
                                 p.name, p.tel, r.choice(('なし', '卵', 'そば'))])


def patients(r, i):
    return listing(r, i, ['診察券番号', '患者氏名', 'カナ', '郵便番号', '住所', 'TEL'],
                   lambda k, p: [figs(r, 7), p.name, p.kana, p.code, p.home,
                                 p.tel])


def buyers(r, i):
    return listing(r, i, ['order_id', 'customer_name', 'email', 'tel', 'total'],
                   lambda k, p: [figs(r, 12), p.name, p.mail, p.tel,
                                 str(r.randint(900, 30000))])


def taxpayers(r, i):
    form = r.choice((0, 1, 2, 3))

    def twin():
        b = figs(r, 11)
        return b + values.my_number_digit(b)

    head = ['宛名番号', '氏名', r.choice(('個人番号', 'マイナンバー')), '税額']
    return listing(r, i, head,
                   lambda k, p: [twin() if i % 2 else figs(r, 10), p.name,
                                 twelve(r, form),
                                 f'{r.randint(3, 400) * 100}'])


def benefits(r, i):
    return listing(r, i, ['申請者', '金融機関名', '支店名', '預金種目', '口座番号',
                          '口座名義カナ'],
                   lambda k, p: [p.name, r.choice(LENDERS), r.choice(OFFICES),
                                 r.choice(('普通', '当座', '1')), seven(r), p.kana])


def headless(r, i):
    """A sheet without headings, as it is cut from a greater one."""
    n = r.randint(12, 60)
    sep = ',\t;'[i % 3]
    rows = [sep.join((p.born, twelve(r, i % 3), p.name, figs(r, 3) + '世帯'))
            for p in crowd(r, n)]
    return page('csv', '\n'.join(rows), persons=n, listed=True)


def names_only(r, i):
    n = r.randint(10, 50)
    return table(r, i, [r.choice(('氏名', 'お名前', '名前')), '備考'],
                 [[p.name, ''] for p in crowd(r, n)], persons=n, listed=True)


def ledger_cards(r, i):
    return listing(r, i, ['会員', 'カード番号', '有効期限'],
                   lambda k, p: [p.name, plastic(r),
                                 f'{r.randint(1, 12):02}/29'],
                   n=r.randint(10, 25))


def entities_escaped(r, i):
    n = r.randint(10, 25)
    rows = ''.join(f'<li>{p.name}&nbsp;/&nbsp;{p.tel}</li>\n'
                   for p in crowd(r, n))
    return page('html', paper.each_shown(
        '<ul>\n' + rows + '</ul>', lambda s: ''.join(
            c if ord(c) < 0x80 else f'&#{ord(c)};' for c in s)) + '<!-- 名簿 -->',
        persons=n, listed=True)


def unicode_escaped(r, i):
    n = r.randint(10, 25)
    rows = ['{"n":"%s","t":"%s","a":"%s"}' % (p.name, p.tel, p.home)
            for p in crowd(r, n)]

    def escape(s):
        return ''.join(c if ord(c) < 0x80 else json.dumps(c)[1:-1]
                       for c in s)
    return page('json', paper.each_shown('[' + ',\n'.join(rows) + ']', escape),
                persons=n, listed=True)


def address_book(r, i):
    n = (4, 9, 10, 18, 40)[i % 5]
    out = [f'BEGIN:VCARD\nVERSION:4.0\nN:{p.family};;;;\nFN:{p.name}\n'
           f'TEL:{p.tel}\nEMAIL;TYPE=home:{p.mail}\n'
           f'ADR;TYPE=home;LABEL="{p.home}":;;;;;;\nEND:VCARD'
           for p in crowd(r, n)]
    return page('vcf', '\n'.join(out), persons=n, listed=n >= 10)


def bookings(r, i):
    n = r.randint(10, 30)
    out = [f'BEGIN:VEVENT\nUID:{figs(r, 12)}-{k}\n'
           f'DTSTART;TZID=Asia/Tokyo:20270{r.randint(1, 9)}{r.randint(10, 28)}T'
           f'1{r.randint(0, 7)}0000\nSUMMARY:予約 {p.name} 様\n'
           f'DESCRIPTION:電話 {p.tel}\nEND:VEVENT'
           for k, p in enumerate(crowd(r, n))]
    return page('ics', 'BEGIN:VCALENDAR\n' + '\n'.join(out) + '\nEND:VCALENDAR',
                persons=n, listed=True)


def wrapped_labels(r, i):
    """Labels for envelopes: the address goes over the end of the line."""
    n = r.randint(12, 40)
    out = []
    for p in crowd(r, n):
        home = paper.bare(p.home)
        cut = r.randint(4, len(home) - 2)
        home = home[:cut] + '\n　' + home[cut:]
        home = tag('address', home, paper.value_of(p.home))
        out.append(f'〒{p.code}\n{home}\n\n　{p.name} 様\n')
    return page('txt', '\n'.join(out), persons=n, listed=True)


def crew_in_text(r, i):
    """Name and attribute in brackets, in running text: a list all the same."""
    n = r.randint(10, 20)
    who = '、'.join(f'{p.name}（{r.randint(19, 88)}歳・'
                   f'{r.choice(("受付", "誘導", "救護"))}）'
                   for p in crowd(r, n))
    return page('txt', f'{some(r)}\n当日の係は次のとおり。{who}。\n\n{some(r)}',
                persons=n, listed=True)


def grown(r, n, ext):
    rows, sep = [], '\t' if ext == 'txt' else ','
    for k in range(n):
        f, g = r.choice(FAMILY), r.choice(FIRST)
        v = r.choice(('080', '090')) + figs(r, 8, '123456789')
        rows.append(sep.join((f'M{k:06}', tag('person', f'{f[0]} {g[0]}'),
                              tag('phone', f'{v[:3]}-{v[3:7]}-{v[7:]}', v),
                              f'{r.randint(1940, 2015)}/{r.randint(1, 12)}/'
                              f'{r.randint(1, 28)}')))
    head = sep.join(('会員ID', 'お名前', '携帯番号', '生年月日'))
    return page(ext, head + '\n' + '\n'.join(rows), persons=n, listed=True)


def drill(r, i):
    return grown(r, 30000 + i * 11000, ('csv', 'txt', 'csv')[i])


def whole_town(r, i):
    return grown(r, r.randint(2500, 5500), r.choice(('csv', 'txt')))


# --- persons, but no list ----------------------------------------------------

def letter(r, i):
    p, q = crowd(r, 2)
    return page('eml', f'''From: {p.name} <{p.mail}>
Subject: Re: 面談の日程
Message-ID: <{tag("-mail", figs(r, 14) + "@mx.example.jp")}>

{tag("-person", q.family)} 先生

{some(r)}
> {chatter(r, 120).strip().replace(chr(10), chr(10) + "> ")}

━━━━━━━━━━━━━━━━━━━━
{p.name}
{p.code}　{p.home}
携帯 {p.tel}
{p.mail}
━━━━━━━━━━━━━━━━━━━━
''')


def slip(r, i):
    p = someone(r)
    word = r.choice(('マイナンバー', '個人番号', 'My Number', 'Individual Number',
                     '通知カードの番号', '個人番号（１２桁）'))
    gap = r.choice(('：', ' ', '\n', '　→　', '\n\n', '\t'))
    b = figs(r, 11)
    return page('txt', f'''{chatter(r, 300)}
申請書

ふりがな　{p.kana or "なし"}
氏　　名　{p.name}
住　　所　{p.home}
{word}{gap}{twelve(r)}
整理番号　{b + values.my_number_digit(b)}

{some(r)}''')


def talk_number(r, i):
    who = ('扶養', 'お子様', 'ご家族')
    return page('txt', f'''{some(r)}
[{r.randint(9, 17)}:{r.randint(10, 59)}] 担当: {r.choice(who)}分の番号がまだです。
[{r.randint(9, 17)}:{r.randint(10, 59)}] 職員: マイナンバーですね、{twelve(r)} です。
[{r.randint(9, 17)}:{r.randint(10, 59)}] 担当: もう一人は {twelve(r)} で合っていますか。

{chatter(r, 500)}''')


def paid(r, i):
    p = someone(r)
    return page('txt', f'''{chatter(r, 200)}
お支払い方法　クレジットカード
番号　{plastic(r)}
名義　{p.name}
期限　{r.randint(1, 12):02}／{r.randint(27, 32)}
ご連絡先　{p.tel}

{some(r)}''')


def chat_card(r, i):
    return page('txt', f'''{some(r)}
お客様: 間違えたので消してください。{plastic(r)} です
係: 承知しました。注文 {figs(r, 16, "18")} を取り消します。
{chatter(r, 600)}''')


def refund(r, i):
    p = someone(r)
    if i % 4 == 3:
        sign, n = '1' + figs(r, 3) + '0', figs(r, 6, '123456789') + '1'
        where = 'ゆうちょ銀行　記号 ' + tag(
            'bank_account', f'{sign}　番号 {n}', sign + n)
    else:
        where = r.choice(('{b}{o} 普通 {a}', '{b} {o}（店番{c}）\n口座番号：普通預金 {a}',
                          '{b}／{o}／普通／{a}')).format(
            b=r.choice(LENDERS), o=r.choice(OFFICES), a=seven(r), c=figs(r, 3))
    return page('txt', f'''返金のご案内

{p.name} 様
下記の口座に{r.randint(10, 99) * 100}円をお返しします。
{where}
口座名義　{p.kana or p.name}

{some(r)}''')


def nearly(r, i):
    """Nine persons with all they have."""
    return table(r, i, ['氏名', '住所', '電話', 'メール'],
                 [[p.name, p.home, p.tel, p.mail] for p in crowd(r, 9)])


def council(r, i):
    five = [p.name for p in crowd(r, 5)]
    out = [f'第{r.randint(2, 40)}回 学校運営協議会 会議録', '',
           *(f'委員　　{n}' for n in five), '']
    out += [f'○{r.choice(five)}委員　{chatter(r, 70).strip()}'
            for _ in range(r.randint(15, 40))]
    return page('txt', '\n'.join(out))


def thanks(r, i):
    names = '・'.join(p.name for p in crowd(r, r.randint(11, 15))
                     if '・' not in paper.bare(p.name))
    return page('md', f'{some(r)}\n\nご寄附をくださったのは{names}の皆様です。\n\n'
                + chatter(r, 500))


def shifts(r, i):
    few = [p.name for p in crowd(r, 4)]
    return table(r, i, ['日', '早番', '遅番', '行事'],
                 [[f'{d}日', r.choice(few), r.choice(few),
                   r.choice(('', '避難訓練', '棚卸し', '休館'))]
                  for d in range(1, 32)])


def newsletter(r, i):
    p = someone(r)
    return page('html', f'''<html><body><h1>学校だより</h1>
<p>{some(r)}</p><hr>
<p>発行責任者　校長　{p.name}<br>電話　{phone_of(r, r.choice(LAND), False)}</p>
</body></html>''')


def outlets(r, i):
    rows = []
    for k in range(r.randint(10, 30)):
        land = r.choice(LAND)
        rows.append([r.choice(('ひまわり', 'つばめ', 'ラビット', '松葉')) +
                     r.choice(('薬局', '書店', '食堂')) + r.choice(('', '本店', '駅前店')),
                     home_of(r, land), phone_of(r, land, False)])
    return table(r, i, ['店名', '所在地', '電話番号'], rows)


def deed(r, i):
    p, q = crowd(r, 2)
    return page('txt', f'''使用貸借契約書

{p.name}（以下「貸主」という。）と{q.name}（以下「借主」という。）は、次のとおり契約する。
{some(r)}
　令和{r.randint(6, 9)}年{r.randint(1, 12)}月{r.randint(1, 28)}日

　　貸主　{p.home}
　　　　　{p.name}　㊞
　　借主　{q.home}
　　　　　{q.name}　㊞
''')


def lost_things(r, i):
    rows = [[f'{r.randint(1, 28)}日', r.choice(('傘', '鍵', '水筒', '帽子')),
             p.tel if k % 2 else p.mail, r.choice(('連絡済', '未'))]
            for k, p in enumerate(crowd(r, r.randint(12, 40)))]
    return table(r, i, ['届出', '品', '落とし主の連絡先', '状態'], rows)


HOLDS = [(residents, 8), (pupils, 7), (headless, 4), (patients, 9),
         (buyers, 10), (taxpayers, 12), (benefits, 10), (names_only, 8),
         (ledger_cards, 6), (entities_escaped, 2), (unicode_escaped, 2),
         (address_book, 5), (bookings, 4), (wrapped_labels, 5),
         (crew_in_text, 4), (drill, 3), (whole_town, 5), (letter, 12),
         (slip, 12), (talk_number, 7), (paid, 13), (chat_card, 9),
         (refund, 10), (nearly, 6), (council, 5), (thanks, 3), (shifts, 4),
         (newsletter, 4), (outlets, 4), (deed, 4), (lost_things, 3)]


# --- what looks as if --------------------------------------------------------

def shipped(r, i):
    """Order numbers; one in four has My Number's check digit, not its word."""
    rows = []
    for _ in range(r.randint(40, 120)):
        b = figs(r, 11)
        n = b + (values.my_number_digit(b) if r.random() < 0.25 else figs(r, 1))
        rows.append([n, r.choice(('タオル', '急須', '箸', '苗', '絵本')),
                     r.choice(('出荷済', '準備中'))])
    return table(r, i, [r.choice(('受注番号', '伝票番号', '注文ID')), '品名', '状態'],
                 rows)


def applied(r, i):
    """The word in the title and in the text, right digits in another column."""
    rows = []
    for _ in range(r.randint(30, 90)):
        b = figs(r, 11)
        rows.append([b + values.my_number_digit(b),
                     r.choice(('本庁', '支所', '郵送')),
                     f'{r.randint(1, 12)}月{r.randint(1, 28)}日'])
    one = table(r, i, ['受付番号', '窓口', '交付予定'], rows)
    if one['ext'] in ('txt', 'md', 'csv'):
        one['text'] = 'マイナンバーカードの交付について\n\n' + chatter(r, 300) + \
            '\n\n' + one['text']
    return one


def long_ids(r, i):
    """A card's digits inside longer numbers, and in hexadecimal ones."""
    rows = []
    for _ in range(r.randint(30, 80)):
        b = '4' + figs(r, 14)
        v = b + values.luhn_digit(b)
        rows.append([r.choice((v + figs(r, 4), figs(r, 6) + v, v + 'a7f',
                               'c0' + v, f'{v[:8]}-{v[8:12]}-4{v[12:15]}-'
                               f'a{figs(r, 3)}-{figs(r, 12)}')),
                     r.choice(('開封', '未開封')), figs(r, 3)])
    return table(r, i, ['通知ID', '状態', '回数'], rows)


def tracking(r, i):
    out = []
    for _ in range(r.randint(20, 70)):
        b = figs(r, 11)
        n = b + (values.my_number_digit(b) if r.random() < 0.3
                 else str(int(b) % 7))
        out.append(f'{r.randint(1, 12)}/{r.randint(1, 28)} 伝票番号 '
                   f'{n[:4]}-{n[4:8]}-{n[8:]} '
                   + r.choice(('発送', '到着', '持ち出し', 'ご不在')))
    return page('txt', 'お荷物の状況\n\n' + '\n'.join(out) + '\n' + chatter(r, 300))


def payees(r, i):
    """Corporate numbers whose last 12 digits pass for a My Number."""
    rows = []
    while len(rows) < 30:
        b = figs(r, 11)
        rows.append([r.choice(('株式会社', '医療法人', '学校法人')) +
                     r.choice(('明和会', '若葉', 'ひので', '南風', '千歳')),
                     values.corporate(b + values.my_number_digit(b)),
                     f'{r.randint(1, 900)},000'])
    return table(r, i, ['支払を受ける者', '個人番号又は法人番号', '支払金額'], rows)


def registered(r, i):
    out = '\n'.join(f'{k}. {r.choice(("文具", "灯油", "牛乳", "印刷"))}代　'
                    f'{r.randint(3, 300) * 110:,}円　（T'
                    f'{values.corporate(figs(r, 12))}）'
                    for k in range(1, r.randint(20, 60)))
    return page('txt', '仕入明細（登録番号つき）\n' + out + '\n' + chatter(r, 400))


def barcodes(r, i):
    rows = []
    for _ in range(r.randint(30, 90)):
        b = r.choice(('45', '49', '978410', '978406')) + figs(r, 10)
        b = b[:12]
        rows.append([b + values.ean_digit(b),
                     r.choice(('ノート', '糊', '定規', '文庫')),
                     str(r.randint(90, 2000))])
    return table(r, i, ['JAN', '商品', '税込'], rows)


def readers(r, i):
    """16 digits of a library card or point card: no Luhn, or no prefix."""
    rows = []
    for _ in range(r.randint(30, 80)):
        if i % 2:
            b = figs(r, 15, '0178')
            n = b + values.luhn_digit(b)
        else:
            b = figs(r, 15, '45')
            n = b + str((int(values.luhn_digit(b)) + r.randint(1, 9)) % 10)
        n = ' '.join(n[k:k + 4] for k in range(0, 16, 4)) if i % 3 else n
        rows.append([n, f'{r.randint(0, 400)}', r.choice(('一般', '児童', '団体'))])
    return table(r, i, [r.choice(('利用者番号', 'ポイントカード', '顧客番号')), '冊数',
                        '区分'], rows)


def sandbox(r, i):
    these = sorted(values.TEST_CARDS)
    r.shuffle(these)
    out = '\n'.join(f'    ("{n}", "{r.choice(("approved", "declined"))}"),'
                    for n in these[:6])
    return page('py', f'# 決済モジュールの試験。番号は試験用で、請求は起きない。\nCASES = [\n'
                f'{out}\n]\n\n\ndef test_masked():\n'
                '    assert mask("4242424242424242") == "4242-****-****-4242"\n'
                '\n\n'
                + '\n'.join(f'def test_{k}(client):\n'
                            f'    # {chatter(r, 30).strip()}\n'
                            f'    assert client.get("/v1/{figs(r, 10)}").ok\n'
                            for k in range(r.randint(12, 30))))


def masked(r, i):
    rows = [[f'****-****-****-{figs(r, 4)}',
             f'{r.randint(1, 12):02}/{r.randint(1, 28):02}',
             f'{r.randint(3, 300) * 110}'] for _ in range(r.randint(30, 90))]
    return table(r, i, ['カード番号（下4桁）', '利用日', '金額'], rows)


def models(r, i):
    def code():
        return r.choice((f'0{r.randint(1, 9)}-{figs(r, 5)}-{figs(r, 3)}',
                         f'{figs(r, 3, "123")}-{figs(r, 4)}-{figs(r, 4)}',
                         f'0{figs(r, 2)}-{figs(r, 4)}-{figs(r, 4)}X',
                         f'A0{figs(r, 2)}-{figs(r, 4)}-{figs(r, 4)}',
                         f'{figs(r, 11, "9")}'))
    return table(r, i, ['型番', '品名', '棚'],
                 [[code(), r.choice(('蛍光管', '継手', '座金', '端子')),
                   f'{r.choice("ABC")}-{r.randint(1, 40)}']
                  for _ in range(r.randint(40, 110))])


def diary(r, i):
    return page('txt', '\n'.join(
        f'令和{r.randint(5, 8)}年{r.randint(1, 12)}月{r.randint(1, 28)}日'
        f'（{r.choice("月火水木金")}） {r.randint(8, 18)}時{r.randint(0, 59):02}分 '
        f'2027{r.randint(1, 12):02}{r.randint(1, 28):02}{figs(r, 4)} '
        f'{r.choice(SUBJECT)}' for _ in range(r.randint(40, 100))))


LINE = {'飯田線': '豊橋 船町 下地 小坂井 牛久保 豊川 三河一宮 長山 江島 東上 野田城 新城 '
                '東新町 茶臼山 三河東郷 大海 鳥居 長篠城 本長篠',
        '東海道線': '大垣 穂積 岐阜 木曽川 尾張一宮 稲沢 清洲 枇杷島 名古屋 金山 熱田 '
                 '笠寺 大高 共和 大府 刈谷 安城 岡崎 幸田 蒲郡',
        '奥羽本線': '福島 笹木野 庭坂 峠 米沢 置賜 高畠 赤湯 中川 羽前中山 茂吉記念館前 '
                '蔵王 山形 北山形 羽前千歳 南出羽 漆山 高擶 天童'}


def timetable(r, i):
    line = list(LINE)[i % 3]
    return table(r, i, ['駅', '平日', '休日', '乗換'],
                 [[n, f'{r.randint(5, 9)}:{r.randint(0, 59):02}',
                   f'{r.randint(6, 9)}:{r.randint(0, 59):02}',
                   r.choice(('', 'バス', '私鉄'))] for n in LINE[line].split() * 2])


def towns(r, i):
    names = ('宮崎市 福島市 千葉市 秋田市 三木市 小野市 西脇市 加西市 朝来市 丹波市 '
             '伊東市 土岐市 関市 恵那市 小松市 加賀市 白山市 大野市 能美市 太田市 '
             '沼田市 安中市 富岡市 村上市').split()
    r.shuffle(names)
    return table(r, i, ['名称', '世帯', '人口'],
                 [[n, str(r.randint(4000, 90000)), str(r.randint(9000, 300000))]
                  for n in names])


def breeds(r, i):
    """Under a heading of names, but of apples, cats and trains."""
    kind = r.choice(('りんご', 'いちご', '米', '列車'))
    names = {'りんご': '秋映 紅玉 王林 津軽 世界一 千秋 金星 陽光 祝 北斗 美丘 彩香',
             'いちご': '章姫 紅ほっぺ 女峰 恋みのり 桃薫 初恋の香り 久能早生 麗紅 宝交 淡雪',
             '米': '朝日 亀の尾 雄町 山田錦 五百万石 愛国 旭 美山錦 渡船 祝 白鶴錦',
             '列車': 'あずさ かいじ ひだ しなの 富士 さくら みずほ 出雲 瀬戸 日向 北斗'}
    return table(r, i, ['品名', '産地', '評価'],
                 [[n, r.choice(('長野', '山形', '福岡', '静岡')),
                   f'{r.randint(1, 5)}'] for n in names[kind].split() * 3])


def traders(r, i):
    rows = [[r.choice(('高木', '井口', '滝川', '西川', '浜野', '本多')) +
             r.choice(('青果', '水産', '歯科', '会計事務所', '自転車', '旅館', '鍼灸院')),
             r.choice(('東町', '中町', '港町')), f'{r.randint(1, 30)}年度加入']
            for _ in range(r.randint(25, 60))]
    return table(r, i, ['屋号', '地区', '加入'], rows)


def surname_minutes(r, i):
    some_names = [tag('-person', f[0]) for f in r.sample(FAMILY, 5)]
    return page('txt', '職員会議の記録\n\n' + '\n'.join(
        f'{r.choice(some_names)}{r.choice(("教諭", "主任", "さん"))}：'
        f'{chatter(r, 60).strip()}' for _ in range(r.randint(15, 40))))


def program(r, i):
    out = ['/* 給食費の計算。 */', '#include <stdio.h>', '']
    for k in range(r.randint(20, 60)):
        out += [f'static const long long k{k} = {figs(r, 12, "123456789")}LL;'
                f'  /* {r.choice(SUBJECT)} */',
                f'int f{k}(void) {{ return printf("%d-%d\\n", '
                f'{figs(r, 4, "12345")}, {figs(r, 4, "12345")}); }}']
    return page('c', '\n'.join(out))


def sensors(r, i):
    n = 4000 + 900 * i if i < 6 else r.randint(60, 160)
    rows = [[f'2027-01-{r.randint(1, 31):02}T{k % 24:02}:00',
             f'{r.gauss(20, 5):.3f}', f'{r.gauss(1013, 8):.2f}',
             figs(r, 12), figs(r, 7)] for k in range(n)]
    return table(r, i % 3, ['時刻', '気温', '気圧', '積算値', '照度'], rows)


def ordinance(r, i):
    out = ['○町立図書館条例', '', '（設置）', '第１条　町に図書館を置く。位置は大字中央とする。']
    for k in range(2, r.randint(18, 45)):
        out.append(f'第{wide(str(k))}条　{r.choice(SUBJECT)}の利用について必要な事項は、'
                   f'第{wide(str(r.randint(1, k)))}条第{r.randint(1, 4)}項及び法律'
                   f'第{r.randint(20, 180)}号の規定を準用し、規則で定める。')
    return page('txt', '\n'.join(out))


def story(r, i):
    cast = [tag('-person', n) for n in r.sample(
        ('津田宗助', '小夜', '柏木修三', '志乃', '与兵衛', '三田村キヨ'), 3)]
    lines = ['「{a}、まだ起きているのかい」と{b}は障子の向こうから声をかけた。',
             '　あの夏のことを{a}は一度も話さなかった。', '　{b}は汽車を{n}本やり過ごした。',
             '「百年経っても同じでしょう」', '　坂の下の店には灯りがともり、{n}人の客が酒を飲んでいる。',
             '　川は{a}の家の裏で大きく曲がり、海へ出る。']
    n = 2200 if i in (0, 1, 2) else r.randint(40, 90)
    return page('txt', '\n'.join(r.choice(lines).format(
        a=r.choice(cast), b=r.choice(cast), n=r.randint(2, 12))
        for _ in range(n)))


def how_to(r, i):
    """Speaks of the numbers and shows none that is one."""
    b = figs(r, 11)
    bad = b + str((int(values.my_number_digit(b)) + r.randint(1, 9)) % 10)
    return page(r.choice(('txt', 'md')), f'''記入の手引

１．マイナンバーは12桁です。通知カードをご覧ください（記入例 {tag("-my_number", "1234 5678 9018")}）。
２．桁を誤った例：{bad}
３．口座番号は7桁で、足りないときは先頭に0を付けます。
４．クレジットカードの番号は書かないでください。
５．電話番号は「市外局番－市内局番－番号」の順に記入します。119番ではありません。

{some(r)}''')


def service_lines(r, i):
    a = '0120-' + figs(r, 3) + '-' + figs(r, 3)
    b = '0570-0' + figs(r, 2) + '-' + figs(r, 3)
    box = r.choice(('info', 'support', 'noreply', 'postmaster'))
    return page('html', f'''<html><body><p>{some(r)}</p>
<p>お問い合わせ：{tag("-phone", a)}／ナビダイヤル {tag("-phone", b)}
<br>{tag("-mail", box + "@machi.example")}</p></body></html>''')


def debit_notice(r, i):
    rows = [[figs(r, 7), r.choice(LENDERS), r.choice(('登録済', '印鑑相違', '未着')),
             f'{r.randint(1, 12)}月分'] for _ in range(r.randint(20, 60))]
    one = table(r, i, ['水栓番号', '振替先', '口座の登録', '開始'], rows)
    if one['ext'] in ('txt', 'md', 'csv'):
        one['text'] += '\n\n口座番号は、この表に書かないこと。\n' + chatter(r, 300)
    return one


def league(r, i):
    teams = [land[1] for land in LAND] + ['三木市', '関市', '上野中央町']
    return table(r, i, ['会場', '先攻', '結果', '後攻'],
                 [[r.choice(teams) + '第' + figs(r, 1, '123') + '球場',
                   r.choice(teams), f'{r.randint(0, 12)}-{r.randint(0, 12)}',
                   r.choice(teams)] for _ in range(r.randint(25, 70))])


def roads(r, i):
    out = [f'{r.randint(1, 12)}/{r.randint(1, 28)}　'
           f'{r.choice(("国道", "県道", "町道"))}{r.randint(1, 480)}号 '
           f'{r.choice(LAND)[1]}内 {r.randint(1, 40)}-{r.randint(41, 90)}km '
           f'片側通行　担当第{r.randint(1, 9)}班' for _ in range(r.randint(30, 80))]
    return page('txt', '通行規制\n' + '\n'.join(out) + '\n' + chatter(r, 300))


def settings(r, i):
    out = ['# 配布の設定', 'remote = git@code.internal:machi/portal.git',
           'image = logo@2x.png', 'owner = @portal-team']
    out += [f'step.{k} = root@node{k} {figs(r, 10)} v{r.randint(1, 9)}.'
            f'{r.randint(0, 20)}.{r.randint(0, 9)}  # {r.choice(SUBJECT)}'
            for k in range(r.randint(40, 90))]
    return page('conf', '\n'.join(out))


def postcodes(r, i):
    rows = []
    for _ in range(r.randint(40, 100)):
        land = r.choice(LAND)
        rows.append([land[4] + figs(r, 4), land[0], land[1],
                     r.choice(land[2].split('/'))])
    return table(r, i, ['郵便番号', '都道府県', '市区町村', '町域'], rows)


def branches(r, i):
    rows = [[r.choice(LENDERS), figs(r, 4), o, figs(r, 3)]
            for o in OFFICES * 4]
    return table(r, i, ['金融機関', 'コード', '支店', '店番'], rows)


def anonymous(r, i):
    rows = [[f'回答者{k:03}', r.choice(('10代', '30代', '60代')),
             r.choice(('男', '女', '無回答')), chatter(r, 30).strip()
             .replace('\n', ' ')] for k in range(r.randint(25, 60))]
    return table(r, i, ['回答者', '年代', '性別', '自由記述'], rows)


EMPTY = [(shipped, 10), (applied, 6), (tracking, 8), (long_ids, 4),
         (payees, 10), (registered, 6), (debit_notice, 6), (league, 4),
         (roads, 2), (barcodes, 8), (readers, 9), (sandbox, 7), (masked, 6),
         (models, 9), (diary, 6), (timetable, 8), (towns, 5), (breeds, 6),
         (traders, 8), (surname_minutes, 8), (program, 6), (sensors, 9),
         (ordinance, 5), (story, 8), (how_to, 9), (service_lines, 7),
         (settings, 6), (postcodes, 6), (branches, 4), (anonymous, 4)]


def documents():
    made = []
    for make, count in HOLDS + EMPTY:
        name = 'test_' + make.__name__
        for i in range(count):
            r = random.Random(f'{SEED}|{name}|{i}')
            made.append((name, make(r, i)))
    random.Random(SEED + '|order').shuffle(made)
    return made
