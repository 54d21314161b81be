/** Alerts for people in chats. Texts are plain everywhere: nothing in them becomes markup, a link preview or a mention. */
import type { Secret } from "../keys/secret.js";
import { textOf, type AlertMessage } from "./alert.js";
import { post, type AlertChannel } from "./channel.js";

const DISCORD_MAX = 2_000;
const TELEGRAM_MAX = 4_096;

/** An incoming webhook of Slack. */
export class SlackChannel implements AlertChannel {
  readonly name = "slack";

  constructor(private readonly url: Secret) {}

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    const { title, lines } = textOf(message);
    const plain = (text: string): object => ({ type: "section", text: { type: "plain_text", text, emoji: false } });
    // `text` is what notifications show; Slack reads mentions out of `<…>` there.
    const body = JSON.stringify({ text: escapeSlack(title), blocks: [plain(title), plain(lines.join("\n"))] });
    await this.url.use((url) => post(url, body, {}, signal));
  }
}

/** A webhook of Discord. */
export class DiscordChannel implements AlertChannel {
  readonly name = "discord";

  constructor(private readonly url: Secret) {}

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    const { title, lines } = textOf(message);
    // In a block of code nothing is markup; a fence inside would end it.
    const inside = [title, ...lines].join("\n").replaceAll("`", "'");
    const content = `\`\`\`\n${cut(inside, DISCORD_MAX - 8)}\n\`\`\``;
    const body = JSON.stringify({ content, allowed_mentions: { parse: [] } });
    await this.url.use((url) => post(url, body, {}, signal));
  }
}

/** A bot of Telegram. */
export class TelegramChannel implements AlertChannel {
  readonly name = "telegram";

  /** @param server of the Bot API; https://api.telegram.org unless somebody runs their own. */
  constructor(
    private readonly server: string,
    private readonly token: Secret,
    private readonly chat: string,
  ) {}

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    const { title, lines } = textOf(message);
    // Without parse_mode the text is shown as it is.
    const body = JSON.stringify({
      chat_id: this.chat,
      text: cut([title, ...lines].join("\n"), TELEGRAM_MAX),
      link_preview_options: { is_disabled: true },
    });
    await this.token.use((token) => post(`${this.server}/bot${token}/sendMessage`, body, {}, signal));
  }
}

function escapeSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
