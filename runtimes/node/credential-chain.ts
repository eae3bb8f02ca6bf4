/** AWS's own chain, in a file of its own: it is half a megabyte, and few starts need it. */
export { defaultProvider } from '@aws-sdk/credential-provider-node'
