import { describe, expect, it } from 'vitest';
import { addressOf } from './address.ts';

const of = (remoteAddress?: string) => addressOf({ socket: { remoteAddress } });

describe('addressOf', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4::/64'],
    ['64:ff9b::1.2.3.4', '64:ff9b:0:0::/64'],
    ['203.0.113.7:49152', '203.0.113.7'],
    ['[2001:db8:1:2::9]:49152', '2001:db8:1:2::/64'],
    ['[::ffff:203.0.113.7]:80', '203.0.113.7'],
    ['[::1]', '0:0:0:0::/64'],
  ])('takes %s for %s', (address, subject) => {
    expect(of(address)).toBe(subject);
  });

  it('believes the framework, which knows whom to trust, before the connection', () => {
    expect(addressOf({ ip: '198.51.100.1', socket: { remoteAddress: '10.0.0.1' } })).toBe('198.51.100.1');
  });

  it('never looks at a header', () => {
    const headers = { 'x-forwarded-for': '198.51.100.1', forwarded: 'for=198.51.100.1' };
    const request = { headers, socket: { remoteAddress: '10.0.0.1' } };
    expect(addressOf(request)).toBe('10.0.0.1');
  });

  it.each(['not an address', '1.2.3', '1.2.3:80', '[x]:80', '[1.2.3.4]x', '::1]/x?', '%'])(
    'takes %s, from a header that was trusted, as it is',
    (ip) => {
      expect(addressOf({ ip })).toBe(ip);
    },
  );

  it('refuses a request without one', () => {
    expect(() => of()).toThrow(expect.objectContaining({ code: 'RATE_LIMIT_NO_SUBJECT' }));
    expect(() => addressOf({})).toThrow('no address');
  });
});
