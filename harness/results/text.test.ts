import { describe, expect, test } from 'vitest'
import { inOneLine, jsonText, pathPart, printable, shellWord, withoutCommands } from './text.ts'

describe('somebody else’s text', () => {
  test.each([
    ['\u001b[2J\u001b]0;title\u0007', '␛[2J␛]0;title␇'],
    ['\u009b31mred', '\\u009b31mred'],
    ['gnp.\u202eexe', 'gnp.\\u202eexe'],
    ['back\bspace\rline\u007f', 'back␈space␍line␡'],
    ['tab\tand\nline, é ö 日本 ✓', 'tab\tand\nline, é ö 日本 ✓'],
  ])('%j cannot steer a terminal', (text, expected) => {
    expect(printable(text)).toBe(expected)
  })

  test('of several lines is one line where it stands in one of ours', () => {
    expect(inOneLine('refused\n  ✓ healthy\r\n\u001b[1mdone\n')).toBe('refused ✓ healthy ␛[1mdone')
  })

  test.each([
    ['kind-east', 'kind-east'],
    ['arn:aws:eks:eu-west-1:1234:cluster/east', 'arn:aws:eks:eu-west-1:1234:cluster/east'],
    ['admin@east', 'admin@east'],
    ['two words', "'two words'"],
    ['$(rm -rf ~)', "'$(rm -rf ~)'"],
    ["it's; ls", "'it'\\''s; ls'"],
    ['', "''"],
    ['~/east', "'~/east'"],
  ])('%j is one word for a shell', (word, expected) => {
    expect(shellWord(word)).toBe(expected)
  })

  test.each([
    ['cluster1', 'cluster1'],
    ['../../etc', '.._.._etc'],
    ['..', '_'],
    ['', '_'],
    ['arn:aws/east', 'arn_aws_east'],
    ['nul\u0000\u001b', 'nul␀␛'],
  ])('%j stays within its folder', (name, expected) => {
    expect(pathPart(name)).toBe(expected)
  })

  test('is the same in JSON, and steers nothing there', () => {
    const value = { name: '\u009b2J\u202e\u001b' }
    expect(jsonText(value)).not.toMatch(/[\u007f-\u009f\u202e\u001b]/)
    expect(JSON.parse(jsonText(value))).toEqual(value)
  })

  test('gives GitHub’s runner no command', () => {
    expect(withoutCommands('seen\n   ::error::forged')).toBe('seen\n   ∶:error::forged')
    expect(withoutCommands('a ##[add-mask]b')).not.toContain('##[')
  })
})
