/** The page: people on the left, Slack in the middle, the zones on the right, and the next step on top. */
import "@preact/signals";
import { type JSX, render } from "preact";
import { useEffect } from "preact/hooks";
import { config } from "zod";
import { ChannelPane } from "./channel-pane.tsx";
import { Confirmation } from "./confirmation.tsx";
import { notice } from "./gestures.ts";
import { HomePane } from "./home-pane.tsx";
import { ModalLayer } from "./modal.tsx";
import { PeopleRail } from "./people-rail.tsx";
import { Sidebar } from "./sidebar.tsx";
import { choice, connection, follow, isAtHome, world } from "./store.ts";
import { TopBar } from "./top-bar.tsx";
import { TourStrip } from "./tour-strip.tsx";
import { ZonesPanel } from "./zones-panel.tsx";

// The page's policy forbids code made from text, which zod would otherwise try.
config({ jitless: true });

function Page(): JSX.Element {
  const { theme, zonesShown } = choice.value;
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  if (world.value === null)
    return <p class="beginning">{connection.value === "lost" ? "The sandbox does not answer." : "One moment…"}</p>;
  return (
    <div class={`frame ${zonesShown ? "" : "narrow"}`}>
      <TopBar />
      <TourStrip />
      <PeopleRail />
      <Sidebar />
      {isAtHome.value ? <HomePane /> : <ChannelPane />}
      {zonesShown ? <ZonesPanel /> : null}
      <ModalLayer />
      <Confirmation />
      <div class="notice-place" role="alert">
        {notice.value === null ? null : (
          <p key={notice.value.key} class="notice">
            {notice.value.text}
          </p>
        )}
      </div>
    </div>
  );
}

follow();
const place = document.getElementById("page");
if (place !== null) render(<Page />, place);
