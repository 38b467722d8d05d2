// A share's link: to copy, and as a QR code.
import { useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { CopyField } from "../../parts/copy.jsx";
import { Icon } from "../../parts/icon.jsx";
import { Qr } from "../../parts/qr.jsx";

/** @param {{ share: { link: string }, name: string, children?: any }} props `children`: more that can be done */
export function LinkBox({ share, name, children }) {
  const { texts } = useApp();
  const [hasQr, setQr] = useState(false);
  return (
    <div class="link-box">
      <CopyField value={share.link} label={texts.shares.dialog(name)} />
      <p class="acts">
        <button type="button" class="quiet" aria-expanded={hasQr} onClick={() => setQr(!hasQr)}>
          <Icon name="qr" /> {hasQr ? texts.shares.hideQr : texts.shares.qr}
        </button>
        {children}
      </p>
      {hasQr && <Qr value={share.link} label={texts.qrOf(name)} />}
    </div>
  );
}
