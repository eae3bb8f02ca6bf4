/** Wrangler, and whoever else bundles for Workers, makes a compiled module of it. */
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}
