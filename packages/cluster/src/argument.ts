/** An argument as it goes over the wire. */
export type Argument = string | Buffer | number;
