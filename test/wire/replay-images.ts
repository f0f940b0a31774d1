import { describe } from "node:test";
import type { LabWish } from "./lab.ts";
import { inLab } from "./story.ts";

describe("images", () => {
  const withImages = (startIds: LabWish["startIds"], others: readonly Record<string, unknown>[] = []): LabWish => ({
    startIds: { ...startIds },
    zone: {
      images: [
        { name: "flower-os", sizeMb: 1024 },
        { name: "wire-img", sizeMb: 1024, attributes: { DESCRIPTION: "first" } },
        ...others,
      ],
    },
  });
  const imageTemplate = {
    do: "add-template",
    name: "img-tpl",
    text: 'CPU="0.1"\nMEMORY="64"\nDISK=[IMAGE_ID="1"]',
  } as const;

  inLab("ready, in use, disabled, gone", withImages({ templates: 15 }), async (story) => {
    const { control } = story.lab;
    await control.command("zone-a", imageTemplate);
    await control.command("zone-a", { do: "set-image-state", image: 1, state: "disabled" });
    await story.replays("xmlrpc", "error-instantiate-image-disabled");
    await story.replays("xmlrpc", "image.info-disabled");
    await control.command("zone-a", { do: "delete-image", image: 1 });
    await story.replays("xmlrpc", "error-instantiate-image-gone");
  });

  inLab("one with a VM", { startIds: { vms: 444 } }, async (story) => {
    await story.makesVm(1, "user-of-it");
    await story.replays(
      "xmlrpc",
      "image.info",
      "imagepool.info-usable",
      "imagepool.info-primary-group",
      "imagepool.info-mine-and-group",
    );
  });

  const hidden = { sizeMb: 1024, group: "oneadmin", permissions: "600" };
  const others = [
    ...[2, 3].map((id) => ({ ...hidden, name: `image ${id}` })),
    { ...hidden, name: "wire-img0" },
    { ...hidden, name: "image 5" },
    { name: "broken", sizeMb: 1 },
  ];

  inLab(
    "being made, in error, locked by an administrator, with a VM",
    withImages({ templates: 16, vms: 451 }, others),
    async (story) => {
      const { control } = story.lab;
      await control.command("zone-a", { ...imageTemplate, name: "img-tpl" });
      await control.command("zone-a", {
        ...imageTemplate,
        name: "err-tpl",
        text: 'CPU="0.1"\nMEMORY="64"\nDISK=[IMAGE_ID="6"]',
      });
      await control.command("zone-a", { do: "set-image-state", image: 4, state: "locked" });
      await control.command("zone-a", { do: "set-image-state", image: 6, state: "error" });
      await story.replays(
        "xmlrpc",
        "image.info-locked",
        "error-instantiate-image-in-error",
        "error-image.update-not-authorized",
        "error-image.delete-not-authorized",
      );
      await story.sends("xmlrpc.image.info-with-lock", (body) =>
        body
          .replace("one.image.info", "one.image.lock")
          .replace("flbot:flbot-secret", "oneadmin:opennebula")
          .replace("<boolean>0</boolean>", "<int>4</int>"),
      );
      await story.replays("xmlrpc", "image.info-with-lock");
      await story.sends("xmlrpc.image.info-with-lock", (body) =>
        body
          .replace("one.image.info", "one.image.unlock")
          .replace("flbot:flbot-secret", "oneadmin:opennebula")
          .replace(/<param>\s*<value><boolean>0<\/boolean><\/value>\s*<\/param>/, ""),
      );
      await story.makesVm(16, "img-wire");
      await story.replays("xmlrpc", "image.info-used");
    },
  );
});
