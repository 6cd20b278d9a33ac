import { type Environment, optional, Secret, text, type Values } from './environment.ts';

/** The variables for the way out of the network. */
export const outgoingProxyVariables = {
  HTTPS_PROXY: optional(
    text({
      meaning:
        'proxy through which an `https` dependency and an `https` OTLP receiver are reached, such as `http://proxy:3128`; plain `http` never takes a proxy',
      secret: true,
    }),
  ),
  NO_PROXY: optional(
    text({
      meaning:
        'hosts that are reached without HTTPS_PROXY, comma-separated; a name also stands for its subdomains, and this machine is always reached without',
    }),
  ),
} as const;

/** The proxy through which connections leave the network. */
export interface OutgoingProxy {
  /** It may hold a user and a password. */
  url: Secret<string>;
  /** Hosts that are reached without it, in the form of NO_PROXY. */
  except: string;
}

/** Go's HTTP client never sends these through a proxy either, and no proxy could reach them. */
const thisMachine = 'localhost,127.0.0.1,::1';

/** Adds the names in lower case, which win if both are set, as in curl: they are older. An empty one is not set. */
export function withProxyNames(env: Environment): Environment {
  return {
    ...env,
    HTTPS_PROXY: env['https_proxy'] || env['HTTPS_PROXY'],
    NO_PROXY: env['no_proxy'] || env['NO_PROXY'],
  };
}

/** @returns `undefined` without a proxy, or for one of another kind than HTTP, such as SOCKS */
export function outgoingProxy(url: string | undefined, except = ''): OutgoingProxy | undefined {
  const address = url === undefined ? undefined : httpAddress(url);
  return address === undefined ? undefined : { url: new Secret(address), except: `${except},${thisMachine}` };
}

type ProxyValues = Values<typeof outgoingProxyVariables>;

const isHttps = (dependency: string) => dependency.startsWith('https:');

/** The proxy through which the dependency with this URL is reached; `undefined` for one that is reached without. */
export function proxyTo(dependency: string, value: ProxyValues): OutgoingProxy | undefined {
  return isHttps(dependency) ? outgoingProxy(value.HTTPS_PROXY, value.NO_PROXY) : undefined;
}

/** Whether the dependency would need a proxy of a kind that is not supported, and the sentence that says so. */
export function proxyContradiction(
  dependency: string,
  { HTTPS_PROXY: proxy }: ProxyValues,
): [applies: boolean, sentence: string] {
  return [
    isHttps(dependency) && proxy !== undefined && outgoingProxy(proxy) === undefined,
    'HTTPS_PROXY must be a URL that starts with http:// or https://, with "/" and "?" in a password as %2F and %3F; other proxies are not supported',
  ];
}

/** Like curl, takes an address without a scheme for one of HTTP. */
function httpAddress(given: string): string | undefined {
  const address = given.includes('://') ? given : `http://${given}`;
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) return undefined;
  // A password with one of these characters: its user would be taken for the proxy.
  return /^https?:\/\/[^/?#]*[/?#].*@/.test(address) ? undefined : address;
}
