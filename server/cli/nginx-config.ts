/** What fills the template `deploy/nginx/nginx.conf.template` on this machine. */
export interface NginxFront {
  /** Where nginx listens: `127.0.0.1:8080`. */
  readonly listen: string;
  /** Addresses of the instances: `127.0.0.1:3000`. */
  readonly upstreams: readonly string[];
  /** An empty directory of nginx' own, for its pid file and request bodies. */
  readonly dir: string;
}

/** The template with its placeholders filled, kept to `dir` so that it runs beside others and without root. */
export function nginxConfig(template: string, { listen, upstreams, dir }: NginxFront): string {
  const servers = upstreams.map((address) => `server ${address} max_fails=0;`).join(' ');
  const filled = template.replaceAll('$' + '{ROOMCAST_LISTEN}', listen).replaceAll('$' + '{ROOMCAST_UPSTREAMS}', servers);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ');
  return `daemon off; pid ${dir}/nginx.pid;\n${filled.replace('http {', `http { ${paths}`)}`;
}
