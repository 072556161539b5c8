/** What a listener throws goes to whoever handles uncaught exceptions: it costs neither us nor other listeners anything. */
export function tellListener(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
