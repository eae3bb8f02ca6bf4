// Protects the hints in the function's bundle: its code does what it did, and V8 compiles what it is told to, with the file.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { hinted } from '../tools/compile-hints.ts'
import { runProgram, temporaryFolder } from './program.ts'

const always = () => true

test.each([
  ['an arrow function', 'var f=a=>a;', 'var f=(a=>a);'],
  ['one in another', 'var f=a=>b=>a+b;', 'var f=(a=>(b=>a+b));'],
  ['one among arguments', 'each((a)=>{a()},1)', 'each(((a)=>{a()}),1)'],
  ['an async one: there is no hint', 'var f=async a=>a;', 'var f=async a=>a;'],
  ['a module', 'once({"a.ts"(x){x()}})', 'once({"a.ts":(function(x){x()})})'],
  ['a module that waits', 'once({async"a.ts"(){}})', 'once({async"a.ts"(){}})'],
  ['a method: it may ask for super', 'var o={m(){}};', 'var o={m(){}};'],
])('%s', (_, code, expected) => {
  expect(hinted(code, always)).toBe(expected)
})

test('only what is called, by the place where it begins', () => {
  expect(hinted('var f=()=>1,g=()=>2;', (start) => start === 14)).toBe('var f=()=>1,g=(()=>2);')
})

test('names stay', () => {
  const code = hinted('const f=()=>1,o={g:()=>2};[f.name,o.g.name]', always)
  expect([...runInNewContext(code)]).toEqual(['f', 'g'])
})

test('V8 compiles what is hinted at with the file, and nothing else', async () => {
  const folder = temporaryFolder()
  const code = 'var hinted=(a)=>a+1,other=(a)=>a+2,module={"a.ts"(){return 3},"b.ts"(){return 4}}'
  const called = ['(a)=>a+1', '"a.ts"'].map((text) => code.indexOf(text))
  await writeFile(
    join(folder, 'program.mjs'),
    hinted(code, (start) => called.includes(start)),
  )
  const log = join(folder, 'v8.log')
  const flags = ['--log-function-events', '--no-logfile-per-isolate', `--logfile=${log}`]
  const { code: ended } = await runProgram({ command: [...flags, 'program.mjs'], cwd: folder })
  expect(ended).toBe(0)
  const lines = (await readFile(log, 'utf8')).split('\n').map((line) => line.split(','))
  const script = lines.find(
    ([event, , url]) => event === 'script-details' && url?.endsWith('program.mjs'),
  )?.[1]
  const compiled = lines.filter(([, event, id]) => event === 'interpreter' && id === script)
  expect(compiled.map((line) => line.at(-1)).sort()).toEqual(['', 'a.ts', 'hinted'])
})
