// SCIMMY with its own routers, resources in a Map: node scimmy.cjs PORT
"use strict";
const express = require("express");
const { randomUUID } = require("node:crypto");

async function main(port) {
  const { default: SCIMMY } = await import("scimmy");
  const { default: SCIMMYRouters } = await import("scimmy-routers");

  // Reads by id are a look-up; a filter is given to SCIMMY with everything, as it has no push-down.
  const keep = (kind) => {
    const held = new Map();
    const stored = (resource, body) => {
      const now = new Date().toISOString();
      const before = held.get(resource.id);
      const id = before ? before.id : randomUUID();
      const meta = { created: before ? before.meta.created : now, lastModified: now };
      const made = { ...JSON.parse(JSON.stringify(body)), id, meta };
      held.set(id, made);
      return made;
    };
    SCIMMY.Resources.declare(kind)
      .ingress((resource, body) => {
        if (resource.id && !held.has(resource.id)) throw new SCIMMY.Types.Error(404, null, "unknown");
        return stored(resource, body);
      })
      .egress((resource) => {
        if (!resource.id) return [...held.values()];
        if (!held.has(resource.id)) throw new SCIMMY.Types.Error(404, null, "unknown");
        return held.get(resource.id);
      })
      .degress((resource) => {
        if (!held.delete(resource.id)) throw new SCIMMY.Types.Error(404, null, "unknown");
      });
  };
  keep(SCIMMY.Resources.User);
  keep(SCIMMY.Resources.Group);

  const app = express();
  const scim = new SCIMMYRouters({ type: "bearer", handler: () => "bench" });
  app.use("/scim/v2", express.json({ type: ["application/scim+json", "application/json"], limit: "32mb" }), scim);
  app.listen(port, "127.0.0.1", () => process.stdout.write("listening\n"));
}

main(Number(process.argv[2]));
