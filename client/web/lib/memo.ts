import { Component, type ComponentType, type FunctionComponent, h } from 'preact';

/** A component that renders again only when `same` says that its properties are others. */
export function memo<Props extends object>(
  Inner: FunctionComponent<Props>,
  same: (before: Props, after: Props) => boolean,
): ComponentType<Props> {
  return class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      return !same(this.props, next);
    }
    override render() {
      return h(Inner, this.props as Props);
    }
  };
}
