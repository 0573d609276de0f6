import { codeToString, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { expect } from 'vitest';
import type { Case } from './cases.ts';
import { expectCancelled, expectNotifications, expectReset, notificationsOf } from './observe-checks.ts';

const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const format = (value: number) => [uintOption(OptionNumber.ContentFormat, value)];

/** The cases of the ETSI descriptions about observing (RFC 7641). */
export const OBSERVE_CASES: readonly Case[] = [
  {
    id: 'OBS_01',
    title: 'CON notifications',
    async run({ observe }) {
      const { states, sent } = await observe('obs', 3);
      expect(new Set(states.map(text)).size).toBe(3);
      expectNotifications(sent, 'CON');
    },
  },
  {
    id: 'OBS_06',
    title: 'a Reset ends the observation',
    async run({ observe }) {
      expectReset((await observe('obs', 2, { forget: true })).sent);
    },
  },
  {
    id: 'OBS_07',
    title: 'the observed resource is deleted',
    async run({ askApart, observe }) {
      await askApart('obs-still', { method: 'PUT', payload: bytes('before'), options: format(0) });
      const meanwhile = () => askApart('obs-still', { method: 'DELETE' });
      const { sent } = await observe('obs-still', 2, { meanwhile });
      expect(notificationsOf(sent).map(({ code }) => codeToString(code))).toEqual(['2.05', '4.04']);
    },
  },
  {
    id: 'OBS_08',
    title: 'the observed resource changes its Content-Format',
    async run({ askApart, observe }) {
      await askApart('obs-still', { method: 'PUT', payload: bytes('before'), options: format(0) });
      const meanwhile = () => askApart('obs-still', { method: 'PUT', payload: bytes('<after/>'), options: format(41) });
      const { sent } = await observe('obs-still', 2, { meanwhile });
      expect(notificationsOf(sent).map(({ code }) => codeToString(code))).toEqual(['2.05', '4.06']);
    },
  },
  {
    id: 'OBS_09',
    title: 'the observed resource is updated',
    async run({ askApart, observe }) {
      await askApart('obs-still', { method: 'PUT', payload: bytes('before'), options: format(0) });
      const meanwhile = () => askApart('obs-still', { method: 'PUT', payload: bytes('after'), options: format(0) });
      const { states, sent } = await observe('obs-still', 2, { meanwhile });
      expect(states.map(text)).toEqual(['before', 'after']);
      expect(notificationsOf(sent).map(({ payload }) => text(payload))).toEqual(['before', 'after']);
    },
  },
  {
    id: 'OBS_10',
    title: 'GET does not end the observation',
    async run({ askApart, observe }) {
      const { states, sent } = await observe('obs', 4, { meanwhile: () => askApart('obs', {}) });
      expect(states).toHaveLength(4);
      expect(notificationsOf(sent).length).toBeGreaterThanOrEqual(4);
    },
  },
  {
    id: 'OBS_12',
    title: 'GET with Observe 1 ends the observation',
    async run({ observe }) {
      const { sent } = await observe('obs', 2);
      expectCancelled(sent);
    },
  },
  {
    id: 'OBS_13',
    title: 'notifications in blocks',
    async run({ observe }) {
      const { states, sent } = await observe('obs-large', 3);
      // Each is 3,000 times the same digit: nothing is mixed.
      for (const state of states) expect(text(state)).toMatch(/^(\d)\1{2999}$/);
      expect(new Set(states.map(text)).size).toBeGreaterThan(1);
      for (const { options } of notificationsOf(sent)) {
        expect(options.map(({ number }) => number)).toContain(OptionNumber.Block2);
      }
    },
  },
  {
    // Last: these come seldom, so that a client that only resets the next one ends it late.
    id: 'OBS_02',
    title: 'NON notifications',
    async run({ observe }) {
      const { states, sent } = await observe('obs-non', 3);
      expect(new Set(states.map(text)).size).toBe(3);
      expectNotifications(sent, 'NON');
    },
  },
];

const takesMinutes = 'it takes minutes; our two ends do it in virtual time (packages/coap-endpoint)';

/** Cases that run with no peer, and why. */
export const CASES_NOT_RUN: readonly { readonly id: string; readonly title: string; readonly reason: string }[] = [
  { id: 'OBS_04', title: 'the client registers again after Max-Age', reason: takesMinutes },
  { id: 'OBS_05', title: 'the client is off', reason: takesMinutes },
  { id: 'OBS_11', title: 'notifications are lost', reason: takesMinutes },
  { id: 'OBS_14', title: 'notifications of changing size', reason: 'it adds nothing to OBS_01 and OBS_13' },
];
