/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xss_words.c - see xss_words.h.  Elements and attributes of the HTML standard
 * and of SVG 2, and what browsers of the years before had besides; events are
 * the event handler attributes of the HTML, UI Events, Pointer, Touch and CSS
 * specifications and those of the vendors.
 */
#include "guard/waf/xss_words.h"

#define LONGEST 40u

struct word {
    char name[LONGEST];
    int kind;
};

/* All three are sorted, for the search by halves; names fill up with NUL. */
static const struct word elements[] = {
    {"animate", HB_XSS_LOADS},
    {"animatemotion", HB_XSS_LOADS},
    {"animatetransform", HB_XSS_LOADS},
    {"applet", HB_XSS_LOADS},
    {"base", HB_XSS_LOADS},
    {"bgsound", HB_XSS_LOADS},
    {"embed", HB_XSS_LOADS},
    {"fencedframe", HB_XSS_LOADS},
    {"foreignobject", HB_XSS_LOADS},
    {"frame", HB_XSS_LOADS},
    {"frameset", HB_XSS_LOADS},
    {"handler", HB_XSS_LOADS},
    {"iframe", HB_XSS_RUNS},
    {"ilayer", HB_XSS_LOADS},
    {"import", HB_XSS_LOADS},
    {"isindex", HB_XSS_LOADS},
    {"layer", HB_XSS_LOADS},
    {"link", HB_XSS_LOADS},
    {"listener", HB_XSS_LOADS},
    {"math", HB_XSS_LOADS},
    {"meta", HB_XSS_LOADS},
    {"object", HB_XSS_LOADS},
    {"portal", HB_XSS_LOADS},
    {"script", HB_XSS_RUNS},
    {"set", HB_XSS_LOADS},
    {"style", HB_XSS_RUNS},
    {"svg", HB_XSS_RUNS},
    {"use", HB_XSS_LOADS},
    {"xml", HB_XSS_RUNS},
};

static const struct word attributes[] = {
    {"action", HB_XSS_URL},
    {"archive", HB_XSS_URL},
    {"attributename", HB_XSS_NAMES},
    {"background", HB_XSS_URL},
    {"by", HB_XSS_URL},
    {"cite", HB_XSS_URL},
    {"classid", HB_XSS_URL},
    {"code", HB_XSS_URL},
    {"codebase", HB_XSS_URL},
    {"data", HB_XSS_URL},
    {"dataformatas", HB_XSS_ALWAYS},
    {"datasrc", HB_XSS_URL},
    {"dynsrc", HB_XSS_URL},
    {"folder", HB_XSS_URL},
    {"formaction", HB_XSS_URL},
    {"from", HB_XSS_URL},
    {"handler", HB_XSS_URL},
    {"href", HB_XSS_URL},
    {"icon", HB_XSS_URL},
    {"longdesc", HB_XSS_URL},
    {"lowsrc", HB_XSS_URL},
    {"manifest", HB_XSS_URL},
    {"ping", HB_XSS_URL},
    {"pluginspage", HB_XSS_URL},
    {"poster", HB_XSS_URL},
    {"profile", HB_XSS_URL},
    {"src", HB_XSS_URL},
    {"srcdoc", HB_XSS_ALWAYS},
    {"srcset", HB_XSS_URL},
    {"style", HB_XSS_STYLE},
    {"to", HB_XSS_URL},
    {"url", HB_XSS_URL},
    {"usemap", HB_XSS_URL},
    {"values", HB_XSS_URL},
    {"xmlns", HB_XSS_ALWAYS},
};

/* Behind "on".  "online" is left out: it is a word, and an event of the body
 * alone. */
static const struct word events[] = {
    {"abort", 1},
    {"activate", 1},
    {"afterprint", 1},
    {"afterscriptexecute", 1},
    {"afterupdate", 1},
    {"animationcancel", 1},
    {"animationend", 1},
    {"animationiteration", 1},
    {"animationstart", 1},
    {"auxclick", 1},
    {"beforeactivate", 1},
    {"beforecopy", 1},
    {"beforecut", 1},
    {"beforedeactivate", 1},
    {"beforeeditfocus", 1},
    {"beforeinput", 1},
    {"beforematch", 1},
    {"beforepaste", 1},
    {"beforeprint", 1},
    {"beforescriptexecute", 1},
    {"beforetoggle", 1},
    {"beforeunload", 1},
    {"beforeupdate", 1},
    {"beforexrselect", 1},
    {"begin", 1},
    {"blur", 1},
    {"bounce", 1},
    {"cancel", 1},
    {"canplay", 1},
    {"canplaythrough", 1},
    {"cellchange", 1},
    {"change", 1},
    {"click", 1},
    {"close", 1},
    {"command", 1},
    {"contentvisibilityautostatechange", 1},
    {"contextlost", 1},
    {"contextmenu", 1},
    {"contextrestored", 1},
    {"controlselect", 1},
    {"copy", 1},
    {"cuechange", 1},
    {"cut", 1},
    {"dataavailable", 1},
    {"datasetchanged", 1},
    {"datasetcomplete", 1},
    {"dblclick", 1},
    {"deactivate", 1},
    {"devicemotion", 1},
    {"deviceorientation", 1},
    {"drag", 1},
    {"dragend", 1},
    {"dragenter", 1},
    {"dragexit", 1},
    {"dragleave", 1},
    {"dragover", 1},
    {"dragstart", 1},
    {"drop", 1},
    {"durationchange", 1},
    {"emptied", 1},
    {"end", 1},
    {"ended", 1},
    {"error", 1},
    {"errorupdate", 1},
    {"filterchange", 1},
    {"finish", 1},
    {"focus", 1},
    {"focusin", 1},
    {"focusout", 1},
    {"formchange", 1},
    {"formdata", 1},
    {"forminput", 1},
    {"fullscreenchange", 1},
    {"fullscreenerror", 1},
    {"gesturechange", 1},
    {"gestureend", 1},
    {"gesturestart", 1},
    {"gotpointercapture", 1},
    {"hashchange", 1},
    {"help", 1},
    {"input", 1},
    {"invalid", 1},
    {"keydown", 1},
    {"keypress", 1},
    {"keyup", 1},
    {"languagechange", 1},
    {"layoutcomplete", 1},
    {"load", 1},
    {"loadeddata", 1},
    {"loadedmetadata", 1},
    {"loadend", 1},
    {"loadstart", 1},
    {"location", 1},
    {"losecapture", 1},
    {"lostpointercapture", 1},
    {"mediacomplete", 1},
    {"mediaerror", 1},
    {"message", 1},
    {"messageerror", 1},
    {"mousedown", 1},
    {"mouseenter", 1},
    {"mouseleave", 1},
    {"mousemove", 1},
    {"mouseout", 1},
    {"mouseover", 1},
    {"mouseup", 1},
    {"mousewheel", 1},
    {"move", 1},
    {"moveend", 1},
    {"movestart", 1},
    {"mozfullscreenchange", 1},
    {"offline", 1},
    {"open", 1},
    {"orientationchange", 1},
    {"outofsync", 1},
    {"overscroll", 1},
    {"page", 1},
    {"pagehide", 1},
    {"pagereveal", 1},
    {"pageshow", 1},
    {"pageswap", 1},
    {"paste", 1},
    {"pause", 1},
    {"play", 1},
    {"playing", 1},
    {"pointercancel", 1},
    {"pointerdown", 1},
    {"pointerenter", 1},
    {"pointerleave", 1},
    {"pointermove", 1},
    {"pointerout", 1},
    {"pointerover", 1},
    {"pointerrawupdate", 1},
    {"pointerup", 1},
    {"popstate", 1},
    {"progress", 1},
    {"promptaction", 1},
    {"promptdismiss", 1},
    {"propertychange", 1},
    {"ratechange", 1},
    {"readystatechange", 1},
    {"received", 1},
    {"rejectionhandled", 1},
    {"repeat", 1},
    {"reset", 1},
    {"resize", 1},
    {"resizeend", 1},
    {"resizestart", 1},
    {"resume", 1},
    {"reverse", 1},
    {"rowdelete", 1},
    {"rowenter", 1},
    {"rowexit", 1},
    {"rowinserted", 1},
    {"rowsenter", 1},
    {"scroll", 1},
    {"scrollend", 1},
    {"scrollsnapchange", 1},
    {"scrollsnapchanging", 1},
    {"search", 1},
    {"securitypolicyviolation", 1},
    {"seek", 1},
    {"seeked", 1},
    {"seeking", 1},
    {"select", 1},
    {"selectionchange", 1},
    {"selectstart", 1},
    {"show", 1},
    {"slotchange", 1},
    {"stalled", 1},
    {"start", 1},
    {"stop", 1},
    {"storage", 1},
    {"submit", 1},
    {"suspend", 1},
    {"syncrestored", 1},
    {"timeerror", 1},
    {"timeupdate", 1},
    {"toggle", 1},
    {"touchcancel", 1},
    {"touchend", 1},
    {"touchmove", 1},
    {"touchstart", 1},
    {"trackchange", 1},
    {"transitioncancel", 1},
    {"transitionend", 1},
    {"transitionrun", 1},
    {"transitionstart", 1},
    {"unhandledrejection", 1},
    {"unload", 1},
    {"urlflip", 1},
    {"volumechange", 1},
    {"waiting", 1},
    {"webkitanimationend", 1},
    {"webkitanimationiteration", 1},
    {"webkitanimationstart", 1},
    {"webkitfullscreenchange", 1},
    {"webkitmouseforcechanged", 1},
    {"webkitmouseforcedown", 1},
    {"webkitmouseforceup", 1},
    {"webkitmouseforcewillbegin", 1},
    {"webkitplaybacktargetavailabilitychanged", 1},
    {"webkittransitionend", 1},
    {"webkitwillrevealbottom", 1},
    {"wheel", 1},
    {"zoom", 1},
};

static int find(struct hb_slice name, const struct word *words, size_t n);
static struct hb_slice local(struct hb_slice name);

enum hb_xss_element hb_xss_element(struct hb_slice name)
{
    return (enum hb_xss_element)find(local(name), elements,
                                     HB_ARRAY_LEN(elements));
}

enum hb_xss_attr hb_xss_attr(struct hb_slice name)
{
    struct hb_slice end = local(name), prefix;

    prefix = hb_slice(name.p, end.n < name.n ? name.n - end.n - 1 : 0);
    if (prefix.n > 0 &&
        find(prefix, attributes, HB_ARRAY_LEN(attributes)) == HB_XSS_ALWAYS)
        return HB_XSS_ALWAYS; /* xmlns:x */
    return (enum hb_xss_attr)find(end, attributes, HB_ARRAY_LEN(attributes));
}

bool hb_xss_event(struct hb_slice name)
{
    return name.n > 2 && (name.p[0] | 0x20) == 'o' &&
           (name.p[1] | 0x20) == 'n' &&
           find(hb_slice(name.p + 2, name.n - 2), events,
                HB_ARRAY_LEN(events)) != 0;
}

/* What stands behind the colon, where there is one. */
static struct hb_slice local(struct hb_slice name)
{
    const char *colon = memchr(name.p, ':', HB_MIN(name.n, LONGEST));

    return colon == NULL
               ? name
               : hb_slice(colon + 1, name.n - (size_t)(colon + 1 - name.p));
}

/* The first eight bytes as a number that sorts as they do. */
static uint64_t key(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return __builtin_bswap64(v);
}

/* Nearly every name differs within its first eight bytes, and this is where
 * the time of a page full of attributes goes. */
static int find(struct hb_slice name, const struct word *words, size_t n)
{
    char low[LONGEST] = {0};
    size_t lo = 0, hi = n;
    uint64_t want;

    if (name.n < 2 || name.n >= LONGEST)
        return 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        low[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    want = key(low);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        uint64_t have = key(words[mid].name);
        int d = want < have   ? -1
                : want > have ? 1
                              : memcmp(low, words[mid].name, LONGEST);

        if (d == 0)
            return words[mid].kind;
        if (d < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return 0;
}
