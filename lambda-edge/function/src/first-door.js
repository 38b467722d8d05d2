import cf from 'cloudfront';
import crypto from 'crypto';
// The first door: refuses before the cache what the function behind it would refuse for certain, and lets everything
// else through to that one, which decides again. Whatever is not understood here is let through.
const RULES = /*RULES*/ null;

const PLAIN = /^[A-Za-z0-9._~\/-]+$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;

// What a claim's value must be for this function to know how the rules read the rest of the token.
const KNOWN = {
    '1': 's', '2': 's', '3': 'x', '4': 'n', '5': 'n', '6': 'n', '7': 'x', '308': 'n01', '310': 'n1', '311': 'x', '312': 'x',
    '313': 'x', '315': 'x', '316': 'x', '-65537': 'p', '-65538': 's', '-65539': 'n01', '-65540': 'n012', '-65541': 'u',
    '-65542': 's', '-65543': 'b32', '-65544': 'n01', '-65545': 'b16', '-65546': 'b+'
};

async function handler(event) {
    const request = event.request;
    let verdict = null;
    try {
        verdict = await judge(request);
    } catch (error) {
        // The module, the store or the event is not as it is documented: the next function decides.
        console.log('{"at":"first-door","alarm":true,"reason":' + JSON.stringify(String(error)) + '}');
    }
    if (verdict) return refuse(verdict, event);
    const headers = request.headers;
    for (const name in headers) {
        if (name.indexOf('x-clouddrop-') === 0) delete headers[name];
    }
    if (headers.host) headers['x-clouddrop-host'] = { value: headers.host.value };
    headers['x-clouddrop-address'] = { value: event.viewer.ip };
    return request;
}

function refuse(verdict, event) {
    const rule = RULES.refusals[verdict.code];
    const id = JSON.stringify(event.context.requestId || '');
    console.log('{"at":"first-door","request_id":' + id + ',"status":' + rule.status + ',"code":"' + verdict.code +
        '","reason":"' + verdict.reason + '","alarm":false}');
    const headers = {};
    [RULES.headers, rule.headers].forEach(function (fields) {
        for (const name in fields) headers[name] = { value: fields[name] };
    });
    const reply = { statusCode: rule.status, headers: headers };
    if (event.request.method !== 'HEAD') reply.body = { encoding: 'text', data: rule.before + id + rule.after };
    return reply;
}

function no(code, reason) {
    return { code: code, reason: reason };
}

// The refusal that is certain, or null.
async function judge(request) {
    const headers = request.headers;
    const method = request.method;
    const uri = request.uri;
    // Another host, a preflight, a reply that a script may read, a page for a person: the rules' own business.
    if (!headers.host || headers.host.multiValue || headers.host.value.toLowerCase() !== RULES.host) return null;
    if (headers.origin || (headers.accept && (headers.accept.multiValue || headers.accept.value.indexOf('text/html') >= 0))) {
        return null;
    }
    const route = uri.slice(0, 3);
    if (route !== '/f/' && route !== '/d/' && route !== '/s/') return null;
    if (method !== 'GET' && method !== 'HEAD' && (method !== 'POST' || route === '/f/')) return null;
    // A path that has but one reading; the rules look at paths before tokens.
    if (!PLAIN.test(uri)) return null;
    let path = uri;
    let inPath = null;
    let relative = null;
    if (route === '/f/') {
        if (!isKey(uri.slice(3))) return null;
    } else {
        inPath = uri.slice(3);
        const slash = inPath.indexOf('/');
        if (slash >= 0) {
            if (route === '/s/') return null;
            relative = inPath.slice(slash + 1);
            inPath = inPath.slice(0, slash);
        }
    }
    const query = rawQuery(request);
    if (query === null || 16 + RULES.host.length + uri.length + query.length > RULES.maxUrl) return null;
    const tokens = carriers(request, query, inPath);
    if (!tokens || tokens.length > 1) return null;
    if (tokens.length === 0) return no('unauthorized', 'no token');

    const text = tokens[0];
    if (!BASE64URL.test(text)) return null;
    if (text.length > RULES.maxChars) return no('unauthorized', 'too long');
    const bytes = Buffer.from(text, 'base64url');
    // Decoding is lenient: another spelling of the same bytes is refused.
    if (bytes.toString('base64url') !== text) return no('unauthorized', 'not base64url');
    if (bytes.length === 0 || bytes[0] >> 5 !== 6) return no('unauthorized', 'not tagged as COSE_Mac0');
    const parts = takeApart(bytes);
    if (!parts) return null;
    const found = await verify(bytes, parts);
    if (!found) return null;
    if (found.code) return found;
    return claims(found.payload, found.issuer, { route: route, path: path, relative: relative, method: method });
}

function rawQuery(request) {
    if (typeof request.rawQueryString === 'function') return request.rawQueryString() || '';
    for (const name in request.querystring) return null;
    return '';
}

// Whether the text is an object's key as it stands, so that no reader of the path repairs it.
function isKey(text) {
    if (text.length === 0 || text.length > RULES.maxKey) return false;
    const segments = text.split('/');
    for (let i = 0; i < segments.length; i++) {
        if (segments[i] === '' || segments[i] === '.' || segments[i] === '..') return false;
    }
    return true;
}

function valuesOf(field) {
    if (!field) return [];
    return field.multiValue ? field.multiValue.map(function (one) { return one.value; }) : [field.value];
}

// The different tokens of the request; null where CloudFront may have read a cookie in another way than the rules.
function carriers(request, query, inPath) {
    const found = [];
    const take = function (token) {
        if (found.indexOf(token) < 0) found.push(token);
    };
    valuesOf(request.headers.authorization).forEach(function (value) {
        const match = /^[ \t]*([^ ]*) ([^]*)$/.exec(value.replace(/[ \t]+$/, ''));
        if (match && match[1].toLowerCase() === 'bearer') take(match[2].replace(/^ +/, ''));
    });
    valuesOf(request.headers[RULES.header]).forEach(function (value) {
        take(value.replace(/^[ \t]+|[ \t]+$/g, ''));
    });
    if (request.headers.cookie) return null;
    for (const name in request.cookies) {
        const values = valuesOf(request.cookies[name]);
        if (name.toLowerCase() === RULES.header) values.forEach(take);
        else if ((name + values.join()).toLowerCase().indexOf(RULES.header) >= 0) return null;
    }
    query.split('&').forEach(function (parameter) {
        for (let i = 0; i < RULES.parameters.length; i++) {
            const start = RULES.parameters[i] + '=';
            if (parameter.indexOf(start) === 0) take(parameter.slice(start.length));
        }
    });
    if (inPath !== null) take(inPath);
    return found;
}

// Key id, payload and tag of a token in the form in which ours are made:
// [61(] 17([h'a10105', {4: kid}, payload, tag]) [)]. Null for any other form, which may be as good.
function takeApart(bytes) {
    let at = bytes[0] === 0xd8 && bytes[1] === 0x3d ? 2 : 0;
    const hex = bytes.toString('hex', at, at + 8);
    if (hex.slice(0, 14) !== 'd18443a10105a1' || hex.slice(14) !== '04') return null;
    at += 8;
    const kidLength = bytes[at] - 0x40;
    if (!(kidLength >= 1 && kidLength <= 23)) return null;
    const kid = bytes.toString('utf8', at + 1, at + 1 + kidLength);
    if (!/^[!-~]+$/.test(kid)) return null;
    at += 1 + kidLength;
    const head = at;
    let length = bytes[at] - 0x40;
    if (length === 0x18) {
        length = bytes[at + 1];
        at += 2;
    } else if (length === 0x19) {
        length = bytes[at + 1] * 256 + bytes[at + 2];
        at += 3;
    } else if (length >= 0 && length < 0x18) at += 1;
    else return null;
    const end = at + length;
    if (bytes.length !== end + 34 || bytes[end] !== 0x58 || bytes[end + 1] !== 32) return null;
    return { kid: kid, payload: bytes.toString('hex', head, end), tag: bytes.toString('hex', end + 2) };
}

// {issuer, payload} of a genuine token, a refusal for a wrong MAC, null where the key is not in the store.
async function verify(bytes, parts) {
    let keys;
    try {
        keys = await cf.kvs().get(RULES.keyPrefix + parts.kid, { format: 'json' });
    } catch (error) {
        return null;
    }
    let tried = 0;
    for (const issuer in keys) {
        if (RULES.issuers.length > 0 && RULES.issuers.indexOf(issuer) < 0) continue;
        tried++;
        const key = Buffer.from(keys[issuer], 'base64url');
        let token = null;
        try {
            token = cf.cwt.validateToken(bytes, { key: key });
        } catch (error) {
            // It throws for a wrong MAC, and for what it cannot decode: only the first is a reason to refuse.
            if (isGenuine(parts, key)) return null;
        }
        if (token) {
            const payload = token.payload;
            return payload && typeof payload === 'object' && !Buffer.isBuffer(payload) ? { issuer: issuer, payload: payload } : null;
        }
    }
    // An issuer that is not listed here may have the same name for a key.
    return tried > 0 && tried === Object.keys(keys).length ? no('unauthorized', 'wrong MAC') : null;
}

function isGenuine(parts, key) {
    const input = Buffer.from('84644d41433043a1010540' + parts.payload, 'hex');
    const tag = crypto.createHmac('sha256', key).update(input).digest('hex');
    let difference = tag.length ^ parts.tag.length;
    for (let i = 0; i < tag.length; i++) difference |= tag.charCodeAt(i) ^ parts.tag.charCodeAt(i);
    return difference === 0;
}

function isOf(kind, value) {
    const sort = kind[0];
    if (sort === 'x') return true;
    if (sort === 's') return typeof value === 'string';
    if (sort === 'b') {
        if (!value || typeof value !== 'object' || Array.isArray(value)) return false;
        return kind === 'b+' ? value.length > 0 : value.length === Number(kind.slice(1));
    }
    if (typeof value !== 'number' || !isFinite(value)) return false;
    if (sort === 'n') return kind.length === 1 || (value % 1 === 0 && kind.slice(1).indexOf(String(value)) >= 0);
    return value % 1 === 0 && value >= (sort === 'p' ? 1 : 0);
}

function claims(payload, issuer, asked) {
    for (const label in payload) {
        if (!KNOWN[label] || !isOf(KNOWN[label], payload[label])) return null;
    }
    if (payload['-65543'] && payload['-65540']) return null;
    const now = Date.now() / 1000;
    // This clock may be a little ahead of the next function's.
    if (payload['4'] === undefined) return no('forbidden', 'the token has no end');
    if (now >= payload['4'] + RULES.skew) return no('expired', 'exp');
    if (now < payload['4'] && payload['5'] !== undefined && now < payload['5'] - RULES.skew) return no('not_yet_valid', 'nbf');
    if (payload['5'] > now || payload['4'] <= now || asked.route === '/s/') return null;

    const uri = payload['312'];
    const tests = (uri && uri['3']) || {};
    if (asked.route === '/d/') {
        // The object is the token's; other statuses than 403 come of one that is not named plainly.
        const exact = tests['0'];
        const prefix = tests['1'];
        if (typeof exact === 'string') {
            if (asked.relative !== null) return no('forbidden', 'the token opens one object only');
        } else if (exact !== undefined || typeof prefix !== 'string' || asked.relative === null || prefix.slice(0, 3) !== '/f/' ||
            prefix.slice(-1) !== '/' || !PLAIN.test(prefix) || !isKey(prefix.slice(3) + asked.relative)) {
            return null;
        }
    }
    if (payload['1'] !== undefined && payload['1'] !== issuer) return no('forbidden', 'the issuer is not the key\'s');
    const audience = payload['3'];
    if (typeof audience === 'string' ? audience !== RULES.audience : isTexts(audience) && audience.indexOf(RULES.audience) < 0) {
        return no('forbidden', 'another audience');
    }
    if (uri && uri['1'] && fails(uri['1'], RULES.host, true)) return no('forbidden', 'another host');
    if (asked.route === '/f/' && fails(tests, asked.path, false)) return no('forbidden', 'another path');
    const method = asked.method === 'POST' ? 'GET' : asked.method;
    if (isTexts(payload['313']) && payload['313'].indexOf(method) < 0) return no('forbidden', 'another method');
    return payload['-65540'] === 1 ? no('forbidden', 'an upload token reads nothing') : null;
}

function isTexts(value) {
    return Array.isArray(value) && value.every(function (one) { return typeof one === 'string'; });
}

// Whether a test, exact or by prefix and written plainly, is not met.
function fails(tests, value, anyCase) {
    let exact = tests['0'];
    let prefix = tests['1'];
    if (typeof exact === 'string' && PLAIN.test(exact)) {
        if (anyCase) exact = exact.toLowerCase();
        if (value !== exact) return true;
    }
    if (typeof prefix === 'string' && PLAIN.test(prefix)) {
        if (anyCase) prefix = prefix.toLowerCase();
        if (value.indexOf(prefix) !== 0) return true;
    }
    return false;
}
